"""Which Optuna study belongs to which, whatever people call, delete, rename and copy with Optuna's own means."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import optuna
import pytest

from hpo.definition.study import StudyDefinition
from hpo.engine.queue import TrialQueue
from hpo.record.certificate import CertificateRecord
from hpo.record.parts import whole_studies
from hpo.record.results import load_results
from hpo.record.study import StudyRecord, study_names
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.records import load_curves, load_test_evaluations, record_test_evaluation
from tests.support.databases import CHANCE, POOL, SMALL, coordinator, mortal, open_finished, open_study, run_to_the_end

DATA = {"pool": POOL, "holdout": POOL, "classes": 10, "chance": CHANCE}
SOURCE = {"provenance": "made up", "place": "memory", "paths": "", "sha256": "0", "complete": "yes"}


def named(name: str) -> StudyDefinition:
    return dataclasses.replace(SMALL, name=name)


def create(database: Database, name: str) -> StudyRecord:
    return StudyRecord.create(database, named(name), DATA, SOURCE)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_study(tmp_path / "hpo.db")


@pytest.fixture
def finished(tmp_path: Path) -> Database:
    return open_finished(tmp_path / "hpo.db")


def optuna_rename(database: Database, old: str, new: str) -> None:
    """Rename a study as Optuna's dashboard does: by a copy."""
    optuna.copy_study(from_study_name=old, from_storage=database.url, to_storage=database.url, to_study_name=new)
    optuna.delete_study(study_name=old, storage=database.url)


@pytest.mark.parametrize("ending", ["final", "certificate"])
@pytest.mark.parametrize("first", [True, False])
def test_a_study_may_be_called_like_a_part_of_a_later_one(database: Database, ending: str, first: bool) -> None:
    names = ["thesis", f"thesis-{ending}"]
    if first or ending == "certificate":
        names.reverse()
    for name in names:
        if name == "thesis-final" and name == names[-1]:
            with pytest.raises(UserError, match=r"'thesis-final' is taken by the final part of 'thesis'; .*--name"):
                create(database, name)
            return
        create(database, name)
    parts = {name: StudyRecord(database, name).final_part for name in names}
    assert len(set(parts.values())) == 2
    assert not set(parts.values()) & set(names)
    assert set(whole_studies(database)) == {SMALL.name, *names}


def test_a_certificate_takes_no_name_that_a_study_has(database: Database) -> None:
    create(database, f"{SMALL.name}-certificate")
    made = CertificateRecord.open(database, SMALL, [], DATA, SOURCE)
    assert made.name == f"{SMALL.name}-certificate-2"
    assert CertificateRecord(database, SMALL.name).name == made.name
    assert StudyRecord(database, f"{SMALL.name}-certificate").certified is None
    assert StudyRecord(database, made.name).certified == SMALL.name


def test_the_final_part_that_a_deleted_study_left_is_not_taken_for_the_new_ones(finished: Database) -> None:
    optuna.delete_study(study_name=SMALL.name, storage=finished.url)
    StudyRecord.create(finished, SMALL, DATA, SOURCE)
    assert load_results(finished, SMALL.name).runs == []
    assert StudyRecord(finished, SMALL.name).final_part == f"{SMALL.name}-final-2"


def test_curves_and_evaluations_of_deleted_trials_are_not_taken_for_those_of_new_ones(finished: Database) -> None:
    trials = [trial.id for trial in load_results(finished, SMALL.name).queued]
    record_test_evaluation(finished.engine, study=SMALL.name, trial_id=trials[0], purpose="full run", dataset="made up")
    for name in study_names(finished):
        optuna.delete_study(study_name=name, storage=finished.url)
    StudyRecord.create(finished, SMALL, DATA, SOURCE)
    assert load_curves(finished.engine, trials) == {}
    assert load_test_evaluations(finished.engine, SMALL.name) == []
    assert len(load_test_evaluations(finished.engine, f"{SMALL.name} (deleted)")) == 1


def test_a_study_that_was_renamed_with_optuna_keeps_its_final_part(finished: Database) -> None:
    optuna_rename(finished, SMALL.name, "renamed")
    with Database(finished.url) as again:
        assert len(load_results(again, "renamed").runs) > 0
        assert create(again, SMALL.name).final_part == f"{SMALL.name}-final-2"


def test_a_final_part_that_was_renamed_is_found(finished: Database) -> None:
    optuna_rename(finished, f"{SMALL.name}-final", "something else")
    assert StudyRecord(finished, SMALL.name).final_part == "something else"


def test_a_copy_of_a_study_does_not_share_its_final_part(finished: Database) -> None:
    url = finished.url
    optuna.copy_study(from_study_name=SMALL.name, from_storage=url, to_storage=url, to_study_name="copy")
    assert StudyRecord(finished, "copy").final_part is None
    assert create(finished, "copy").final_part == "copy-final"
    assert StudyRecord(finished, SMALL.name).final_part == f"{SMALL.name}-final"


def test_a_study_whose_final_part_was_deleted_is_not_done_and_finds_the_same_again(finished: Database) -> None:
    before = load_results(finished, SMALL.name)
    optuna.delete_study(study_name=f"{SMALL.name}-final", storage=finished.url)
    assert load_results(finished, SMALL.name).state == "running"
    with pytest.raises(UserError, match=r"final part of 'small' is no longer .* hpo run --study small\.toml"):
        coordinator(finished)
    assert StudyRecord.create(finished, SMALL, DATA, SOURCE).state == "running"
    run_to_the_end(finished)
    after = load_results(finished, SMALL.name)
    assert after.state == "done"
    assert [(each.config, each.race, each.confirmed) for each in after.good] == [
        (each.config, each.race, each.confirmed) for each in before.good
    ]


def test_a_study_that_somebody_made_with_optuna_is_not_taken_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    optuna.create_study(study_name=SMALL.name, storage=url, direction="minimize")
    with Database(url) as database, pytest.raises(UserError, match=r"was not made by hpo run"):
        StudyRecord.create(database, SMALL, DATA, SOURCE)


@pytest.mark.parametrize("when", ["before", "after"])
def test_trials_that_somebody_enqueued_with_optuna_are_left_alone(database: Database, when: str) -> None:
    theirs = optuna.load_study(study_name=SMALL.name, storage=database.url)
    if when == "before":
        theirs.enqueue_trial({"learning_rate": 0.05})
    run_to_the_end(database)
    if when == "after":
        theirs.enqueue_trial({"learning_rate": 0.05}, user_attrs={"round": 1, "place": 0, "seed": 3})
    found = load_results(database, SMALL.name)
    assert (found.state, len(found.queued)) == ("done", 14)
    assert theirs.trials[0 if when == "before" else -1].state == optuna.trial.TrialState.WAITING


def test_a_study_of_an_earlier_version_finds_its_final_part_by_the_name_it_gives(finished: Database) -> None:
    with finished.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM study_user_attributes WHERE key IN ('key', 'key of the study')")
    record = StudyRecord.create(finished, SMALL, DATA, SOURCE)
    assert (record.state, record.final_part) == ("done", f"{SMALL.name}-final")


def test_a_final_part_is_no_study(database: Database) -> None:
    with pytest.raises(UserError, match="'small-final' is the final part of 'small'"):
        StudyRecord(database, f"{SMALL.name}-final")


def test_the_queue_of_a_study_and_of_its_final_part_are_made_together(database: Database) -> None:
    assert TrialQueue(database, StudyRecord(database, SMALL.name).part_to_train(), mortal()).trials() == []
