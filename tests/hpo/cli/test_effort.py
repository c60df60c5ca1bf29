"""What is said before a study starts: how much it takes, and what does not fit into memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpo import run
from hpo.cli import effort
from hpo.cli.data import Looked, look_at_data
from hpo.cli.effort import effort_line, rounded, spoken_long
from hpo.cli.memory import check_memory, machine_memory
from hpo.definition.files import load_definition
from hpo.definition.largest import largest_network
from hpo.definition.study import StudyDefinition
from hpo.storage.errors import UserError
from hpo.training.timing import SECONDS, seconds_per_image
from tests.support.builders import definition


@pytest.fixture
def small(blob_study: Path) -> tuple[StudyDefinition, Looked]:
    loaded = load_definition(str(blob_study))
    return loaded, look_at_data(loaded, None)


def test_trainings_images_and_time_are_said(
    small: tuple[StudyDefinition, Looked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effort, "seconds_per_image", lambda *_: 1e-3)
    # 16 trials in two groups, 2 x 2 race runs, 2 good values in 2 + 2 runs, and 2 seeds in 4 runs around the winner.
    assert (
        effort_line(*small, workers=1)
        == "up to 52 trainings, about 140,000 images in all: training takes about 2 min with 1 worker"
    )
    assert effort_line(*small, workers=2).endswith(": training takes about 72 s with 2 workers")
    monkeypatch.setattr(effort, "seconds_per_image", lambda *_: 1e-9)
    assert effort_line(*small, workers=2).endswith(": training takes less than a minute")


def test_the_time_is_that_of_real_steps_and_measured_in_a_moment(small: tuple[StudyDefinition, Looked]) -> None:
    loaded, data = small[0], small[1].data
    assert data is not None
    assert 0 < seconds_per_image(loaded, data) < SECONDS
    huge = load_definition_with(loaded, "training.batch_size=1000000")
    assert 0 < seconds_per_image(huge, data) < SECONDS


def load_definition_with(loaded: StudyDefinition, change: str) -> StudyDefinition:
    from hpo.definition.overrides import set_field  # noqa: PLC0415
    from hpo.definition.reading import read_definition  # noqa: PLC0415

    tables = loaded.record()
    set_field(tables, change)
    return read_definition(loaded.name, tables)


def test_large_numbers_are_said_with_two_digits_that_count() -> None:
    assert [rounded(count) for count in (7, 34_321, 999_499, 1.04e6, 25.6e6, 3.21e9, 7.7e12, 7.7e16)] == [
        "7",
        "34,000",
        "1,000,000",
        "1 million",
        "26 million",
        "3.2 billion",
        "7.7 trillion",
        "77,000 trillion",
    ]
    assert [spoken_long(3600 * hours) for hours in (1, 47, 72, 24 * 4_000)] == [
        "1.0 h",
        "47.0 h",
        "3 days",
        "4,000 days",
    ]


def test_the_largest_network_of_a_space_is_found_among_its_choices_and_limits() -> None:
    space = {
        "hidden": {"choices": [[10], [300, 200], [50]]},
        "batch_size": {"type": "int", "start": [10, 100], "limits": [10, 1_000]},
        "dropout": {"start": [0.0, 0.5]},
    }
    largest = largest_network(definition(space=space), (28, 28), 10, pool=500)
    assert largest is not None
    assert largest.size.parameters == 785 * 300 + 301 * 200 + 201 * 10
    assert largest.training_bytes == largest.size.training_bytes(500), "no step has more images than there are"


def test_a_choice_that_is_too_large_is_named_before_anything_is_made() -> None:
    space = {"hidden": {"choices": [[10], [1_000_000, 1_000_000]]}}
    with pytest.raises(
        UserError, match=r"space\.hidden: the network would have 1,000,7.* take fewer or smaller layers"
    ):
        largest_network(definition(space=space), (28, 28), 10, pool=500)
    with pytest.raises(UserError, match=r"model: the network would have"):
        largest_network(definition(model={"hidden": [1_000_000] * 5}), (28, 28), 10, pool=500)


def test_what_does_not_fit_into_the_memory_of_the_machine_is_said_with_the_numbers(
    small: tuple[StudyDefinition, Looked],
) -> None:
    loaded, data = small[0], small[1].data
    assert data is not None
    check_memory(loaded, data)
    with pytest.raises(UserError, match=r"of 8,645 parameters.*0\.3 MB of memory, and this machine has 0\.1 MB"):
        check_memory(loaded, data, memory=100_000)
    memory = machine_memory()
    assert memory is None or memory > 1e8


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("model.hidden=1000000,1000000", "parameters"),
        ("model.hidden=[1000000000]", "hidden[0] must be a whole number of at most 1,000,000"),
        ("rounds.0.trials=1000000000000", "trials = 1000000000000; it must be a whole number of at most 10,000"),
    ],
)
def test_the_command_refuses_what_no_machine_can_do(
    blob_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, change: str, says: str
) -> None:
    where = ["--storage", f"sqlite:///{tmp_path}/hpo.db", "--out", str(tmp_path / "out")]
    assert run.main(["--study", str(blob_study), "--set", change, *where]) == 2
    assert says in capsys.readouterr().err
