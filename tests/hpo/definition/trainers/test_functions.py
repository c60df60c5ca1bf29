"""A study that trains a Python function: its table, its record, and which worker may train it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpo.definition.abilities import Abilities
from hpo.definition.files import load_definition
from hpo.definition.reading import read_definition
from hpo.definition.trainers.functions import FunctionTrainer, read_function
from hpo.storage.errors import UserError
from tests.support.functions import written

STUDY = """
[trainer]
call = "code/train.py:train"
{more}
[data]
examples = 400
[space.x]
start = [0.0, 1.0]
[[rounds]]
trials = 4
"""

TRAIN = "def train(config, run):\n    i, j = run.split(400)\n    for p in run.rungs:\n        yield 0.5\n"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    written(tmp_path, TRAIN, "code/train.py")
    return written(tmp_path, STUDY.format(more=""), "study.toml")


def test_the_definition_has_the_source_and_what_the_function_makes_use_of(study: Path) -> None:
    definition = load_definition(str(study))
    trainer = definition.trainer
    assert isinstance(trainer, FunctionTrainer)
    assert (trainer.name, list(trainer.sources)) == ("train", ["train.py"])
    assert definition.abilities == Abilities(seed=True, samples=True, rungs=True, test=False)


def test_a_table_that_says_more_is_believed(study: Path) -> None:
    study.write_text(STUDY.format(more="seed = false\nsamples = false\ntest = true"))
    assert load_definition(str(study)).abilities == Abilities(seed=False, samples=False, rungs=True, test=True)


def test_the_record_gives_the_same_definition_again(study: Path) -> None:
    definition = load_definition(str(study))
    assert read_definition("study", definition.record()) == definition


def test_how_many_examples_there_are_must_be_known_for_a_subset(study: Path) -> None:
    study.write_text(STUDY.format(more="").replace("examples = 400", ""))
    assert not load_definition(str(study)).abilities.samples


def test_another_source_is_another_definition(study: Path) -> None:
    before = load_definition(str(study))
    written(study.parent, TRAIN.replace("0.5", "0.6"), "code/train.py")
    after = load_definition(str(study))
    assert before != after
    assert isinstance(before.trainer, FunctionTrainer)
    assert before.trainer.refusal(after.trainer) == "its function is not as it was: train.py has changed"


def test_the_same_source_elsewhere_is_the_same_trainer(study: Path, tmp_path: Path) -> None:
    trainer = load_definition(str(study)).trainer
    written(tmp_path, TRAIN, "elsewhere/train.py")
    other = written(tmp_path, STUDY.format(more="").replace("code/", "elsewhere/"), "other.toml")
    assert isinstance(trainer, FunctionTrainer)
    assert trainer.refusal(load_definition(str(other)).trainer) is None


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("sample = true", "trainer.sample: unknown key; did you mean samples?"),
        ("rungs = 3", "trainer.rungs = 3; expected"),
    ],
)
def test_mistakes_in_the_table_are_named(more: str, sentence: str, study: Path) -> None:
    study.write_text(STUDY.format(more=more))
    with pytest.raises(UserError) as caught:
        load_definition(str(study))
    assert sentence in str(caught.value)


def test_a_source_that_is_no_table_is_refused() -> None:
    with pytest.raises(UserError, match=r"trainer.source = 'abc'; leave it out"):
        read_function({"call": "train.py:train", "source": "abc"})
