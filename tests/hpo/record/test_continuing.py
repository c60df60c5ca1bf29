"""More rounds for a study that has ended: as if it had had them from the start, and nothing trained twice."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from hpo.definition.study import StudyDefinition
from hpo.engine.progress import progress
from hpo.record.results import load_results
from hpo.record.study import StudyRecord
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.holders import Holder
from tests.hpo.searching.test_paying import EASY
from tests.support.databases import (
    CHANCE,
    POOL,
    SMALL,
    coordinator,
    mortal,
    open_finished,
    open_study,
    run_to_the_end,
    train,
    trials,
)

DATA = {"pool": POOL, "holdout": POOL, "classes": 10, "chance": CHANCE}
SOURCE = {"provenance": "made up", "place": "memory", "paths": "", "sha256": "0", "complete": "yes"}
ONCE_MORE = dataclasses.replace(SMALL, rounds=(*SMALL.rounds, SMALL.rounds[-1]))


def again(database: Database, study: StudyDefinition = SMALL, more: int = 0) -> StudyRecord:
    return StudyRecord.create(database, study, DATA, SOURCE, more_rounds=more)


def found(database: Database) -> dict[str, Any]:
    results = load_results(database, SMALL.name)
    return {
        "state": results.state,
        "rounds": results.rounds,
        "trials": [(each.key, each.config, each.score) for each in results.trials],
        "runs": [(each.stage, each.source, each.run, each.seed, each.config, each.score) for each in results.runs],
        "good": [(each.rank, each.key, each.race, each.confirmed) for each in results.good],
    }


@pytest.fixture(scope="module")
def declared_so(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a study finds that has its three rounds from the start."""
    with open_study(tmp_path_factory.mktemp("declared") / "hpo.db", ONCE_MORE) as database:
        run_to_the_end(database)
        return found(database)


@pytest.fixture
def done(tmp_path: Path) -> Database:
    return open_finished(tmp_path / "hpo.db")


@pytest.mark.parametrize("how", ["--rounds", "file"])
def test_a_study_that_went_on_ends_like_one_that_had_its_rounds_from_the_start(
    done: Database, declared_so: dict[str, Any], how: str
) -> None:
    record = again(done, SMALL, 1) if how == "--rounds" else again(done, ONCE_MORE)
    assert (record.state, len(record.definition.rounds)) == ("running", 3)
    assert load_results(done, SMALL.name).runs == [], "what was found before is not said of three rounds"
    run_to_the_end(done)
    assert found(done) == declared_so
    trained = [tuple(each.attributes[name] for name in ("stage", "source", "run")) for each in trials(done).final]
    assert len(set(trained)) == len(trained), "what is wanted again is not trained again"


def test_the_same_command_goes_on_with_the_rounds_that_were_added_and_adds_no_others(
    done: Database, declared_so: dict[str, Any]
) -> None:
    again(done, more=1)
    train(done, mortal())
    leader = coordinator(done)
    leader.step()
    leader.release()
    assert len(again(done, more=1).definition.rounds) == 3
    assert len(again(done).definition.rounds) == 3, "and without --rounds, as its file is"
    run_to_the_end(done)
    assert found(done) == declared_so
    assert again(done).state == "done"
    assert len(again(done, more=2).definition.rounds) == 5


def test_progress_shows_the_new_round_and_not_the_final_part_from_before(done: Database) -> None:
    again(done, more=1)
    leader = coordinator(done)
    leader.step()
    assert progress(leader.definition, leader.trials.search, leader.trials.final, POOL).phase == "round 3 of 3"


def test_other_rounds_in_the_place_of_those_there_are_stay_another_definition(done: Database) -> None:
    first = dataclasses.replace(SMALL.rounds[0], trials=9)
    with pytest.raises(UserError, match=r"rounds\.0\.trials: 8 -> 9|rounds: "):
        again(done, dataclasses.replace(SMALL, rounds=(first, *SMALL.rounds[1:], SMALL.rounds[-1])))
    with pytest.raises(UserError, match="another definition"):
        again(done, dataclasses.replace(SMALL, rounds=SMALL.rounds[:1]))


def test_another_title_is_no_other_definition(done: Database) -> None:
    record = again(done, dataclasses.replace(SMALL, title="a better one"))
    assert (record.state, record.definition.title) == ("done", "a better one")


def test_a_study_that_runs_gets_no_more_rounds(done: Database) -> None:
    assert coordinator(done, Holder()).lead.take()
    with pytest.raises(UserError, match=r"'small' is running; .* once it has been stopped"):
        again(done, more=1)


def test_a_study_that_is_not_there_has_nothing_to_go_on_with(done: Database) -> None:
    with pytest.raises(UserError, match=r"--rounds \+2: 'other' is not in the database yet"):
        again(done, dataclasses.replace(SMALL, name="other"), 2)


def test_rounds_that_somebody_asked_for_are_opened_however_little_they_gain(tmp_path: Path) -> None:
    with open_study(tmp_path / "hpo.db", EASY) as database:
        run_to_the_end(database)
        assert [each.number for each in StudyRecord(database, EASY.name).rounds] == [1, 2, 3]
        record = again(database, EASY, 1)
        assert len(record.definition.rounds) == len(EASY.rounds) == 5, "those that were left out are taken first"
        run_to_the_end(database)
        record.refresh()
        assert [each.number for each in record.rounds] == [1, 2, 3, 4]
        assert record.unopened is not None
        assert again(database, EASY).state == "done"
