"""Databases that an earlier version made: they report what they reported then, and go on as if nothing had happened."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.engine.certifier import Certifier
from hpo.engine.coordinator import Coordinator
from hpo.record.attribute_names import IN_WORDS
from hpo.record.certificate import CertificateRecord
from hpo.record.results import load_results
from hpo.record.study import StudyRecord
from hpo.record.trials import trials_of
from hpo.reports.files import report_files
from hpo.searching.queued import QueuedTrial
from hpo.storage import repair, studies
from hpo.storage.database import Database
from tests.support.builders import comparison_tables, definition
from tests.support.databases import (
    CHANCE,
    CURVE,
    POOL,
    SMALL,
    mortal,
    open_study,
    outcome,
    queue_of,
    run_to_the_end,
    score,
)
from tests.support.old_databases import EVERYWHERE, expected, restore

DATA = {"pool": POOL, "holdout": POOL, "classes": 10, "chance": CHANCE}
SOURCE = {"provenance": "made up", "place": "memory", "paths": "", "sha256": "0", "complete": "yes"}
VERSUS = read_definition("versus", comparison_tables())
CERTIFIED = definition(
    rounds=[{"trials": 8, "samples": 100, "epochs": 8}], final={"good_values": 2, "seeds": 1, "epochs": 5}
)
UNDISTURBED = [
    *(("sqlite", name) for name in ("finished", "in_a_rung", "in_the_final_part", "without_its_final_part")),
    *((backend, "meddled_with") for backend in ("sqlite", "postgresql")),
]


def shown_correctly(database: Database) -> bool:
    found = [
        database.read(lambda connection, row=row: repair.differences(connection, row, IN_WORDS))
        for row in database.read(studies.everything)
    ]
    return not any(found)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the small study finds when today's version runs it undisturbed."""
    with open_study(tmp_path_factory.mktemp("calm") / "hpo.db") as database:
        run_to_the_end(database)
        return outcome(database)


@pytest.mark.parametrize(("database_url", "name"), EVERYWHERE, indirect=["database_url"])
def test_the_report_has_the_tables_that_it_had(name: str, database_url: str) -> None:
    restore(name, database_url)
    with Database(database_url, read_only=True) as database:
        for study, told in expected(name).items():
            if told["certificate of"] is None:
                files = report_files(load_results(database, study), ["csv"])
                tables = {str(path): content.decode() for path, content in files.items() if str(path).endswith(".csv")}
                assert tables == {path: _without_twins(text, told) for path, text in told["files"].items()}


def _without_twins(table: str, told: Mapping[str, Any]) -> str:
    """Return a table without the curves of trials that were put into the queue for a second time."""
    seen, twins = set(), set()
    for each in told["search"]:
        place = each["attributes"]["round"], each["attributes"]["index"]
        if place in seen:
            twins.add(f"search,{each['number']},")
        seen.add(place)
    return "".join(line for line in table.splitlines(keepends=True) if not line.startswith(tuple(twins)))


@pytest.mark.parametrize(("database_url", "name"), UNDISTURBED, indirect=["database_url"])
def test_a_search_goes_on_to_what_it_finds_undisturbed(name: str, database_url: str, calm: Mapping[str, Any]) -> None:
    restore(name, database_url)
    with Database(database_url) as database:
        StudyRecord.create(database, SMALL, DATA, SOURCE)
        run_to_the_end(database)
        assert outcome(database) == calm
        good = load_results(database, SMALL.name).good
        assert [[each.rank, list(each.key), dict(each.config)] for each in good] == expected("finished")["small"][
            "good"
        ]
        assert shown_correctly(database)


def test_a_search_that_was_given_another_round_ends_like_one_that_had_it_from_the_start(
    database_url: str, tmp_path: Path
) -> None:
    once_more = dataclasses.replace(SMALL, rounds=(*SMALL.rounds, SMALL.rounds[-1]))
    with open_study(tmp_path / "declared.db", once_more) as database:
        run_to_the_end(database)
        declared = outcome(database)
    restore("continued", database_url)
    with Database(database_url) as database:
        StudyRecord.create(database, SMALL, DATA, SOURCE)
        run_to_the_end(database)
        found = outcome(database)
    assert [found[part] for part in ("state", "rounds", "search", "good")] == [
        declared[part] for part in ("state", "rounds", "search", "good")
    ]


def test_a_search_with_failed_trials_and_a_round_that_was_only_written_down_goes_on_with_that_round(
    database_url: str,
) -> None:
    restore("blamed", database_url)
    told = expected("blamed")["small"]["rounds"][1]
    with Database(database_url) as database:
        run_to_the_end(database)
        record = StudyRecord(database, SMALL.name)
        search = trials_of(database, record).search
        assert record.state == "done"
        assert record.rounds[1].box.record() == told["box"]
        configs = [trial.config for trial in search if trial.attributes["round"] == 2]
        assert configs == told["configs"]
        assert sum(trial.state.name == "FAIL" for trial in search) == 2
        assert shown_correctly(database)


def test_a_comparison_trains_what_was_not_enqueued_yet(database_url: str) -> None:
    restore("comparison", database_url)
    with Database(database_url) as database:
        StudyRecord.create(database, VERSUS, DATA, SOURCE)
        leader, queue = Coordinator(database, "versus", lambda _: None, mortal()), queue_of(database, study="versus")
        while not leader.step():
            while (claimed := queue.claim()) is not None:
                found = _compared(claimed)
                assert queue.report(claimed, 100, found["test_accuracy"] + 0.01, CURVE, found)
        trials = trials_of(database, StudyRecord(database, "versus")).search
        undisturbed = expected("finished")["versus"]["search"]
        assert {_identity(trial.config, trial.attributes) for trial in trials} == {
            _identity(each["config"], each["attributes"]) for each in undisturbed
        }
        assert len(trials) == 4
        assert shown_correctly(database)


def _compared(trial: QueuedTrial) -> dict[str, float]:
    accuracy = float(np.random.default_rng(trial.attributes["seed"]).random()) / 2
    return {"train_accuracy": accuracy, "test_accuracy": accuracy, "seconds": 0.5}


def _identity(config: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("round", "index", "run", "seed", "n_train", "epochs")
    return str(config), *(attributes[name] for name in names)


def certified(database: Database, study: StudyDefinition) -> Any:
    leader = Certifier(database, study.name, lambda _: None, mortal())
    queue = queue_of(database, study=leader.record.name)
    while not leader.step():
        while (claimed := queue.claim()) is not None:
            assert queue.report(claimed, 100, score(claimed, 100), CURVE, {})
    found = leader.certificate()
    assert found is not None
    assert not any(math.isnan(each.score or math.nan) for each in leader.trials.search)
    return len(leader.trials.search), repr(found)


@pytest.mark.parametrize("left", ["as it was", "half of it enqueued"])
def test_a_certificate_goes_on_to_what_it_finds_undisturbed(left: str, database_url: str, tmp_path: Path) -> None:
    data, asked = {"pool": 400, "chance": 0.1}, {"configs": 8}
    with Database(f"sqlite:///{tmp_path / 'calm.db'}") as database:
        CertificateRecord.open(database, CERTIFIED, [], data, SOURCE, **asked)
        calm = certified(database, CERTIFIED)
    restore("certificate_only", database_url)
    if left != "as it was":
        _forget_trials_from(database_url, 20)
    with Database(database_url) as database:
        CertificateRecord.open(database, CERTIFIED, [], data, SOURCE, **asked)
        assert certified(database, CERTIFIED) == calm
        assert shown_correctly(database)


def _forget_trials_from(url: str, number: int) -> None:
    """Make it as if the certifier had died before it put the trials from `number` on into the queue."""
    import sqlalchemy as sa  # noqa: PLC0415 - only here

    from hpo.storage.migration import version_1  # noqa: PLC0415

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        later = sa.select(version_1.TRIALS.c.trial_id).where(version_1.TRIALS.c.number >= number)
        for table in reversed(version_1.OPTUNA.sorted_tables):
            if "trial_id" in table.c:
                connection.execute(table.delete().where(table.c.trial_id.in_(later)))
    engine.dispose()
