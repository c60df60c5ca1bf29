"""What people do to Optuna's studies that show ours with Optuna's own means: nothing of ours is lost by it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa
from optuna.trial import TrialState

from hpo.definition.study import StudyDefinition
from hpo.record.attribute_names import IN_WORDS
from hpo.record.certificate import CertificateRecord
from hpo.record.names import study_names, whole_studies
from hpo.record.removing import delete_study
from hpo.record.results import load_results
from hpo.record.study import StudyRecord
from hpo.storage import mirror, optuna_studies, repair
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.records import load_curves
from hpo.storage.studies import FINAL, SEARCH
from tests.support.databases import (
    CHANCE,
    POOL,
    SMALL,
    coordinator,
    mortal,
    open_finished,
    open_study,
    outcome,
    run_to_the_end,
    train,
)

DATA = {"pool": POOL, "holdout": POOL, "classes": 10, "chance": CHANCE}
SOURCE = {"provenance": "made up", "place": "memory", "paths": "", "sha256": "0", "complete": "yes"}


def named(name: str) -> StudyDefinition:
    return dataclasses.replace(SMALL, name=name)


def create(database: Database, name: str) -> StudyRecord:
    return StudyRecord.create(database, named(name), DATA, SOURCE)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_study(tmp_path / "hpo.db") as opened:
        yield opened


@pytest.fixture
def finished(tmp_path: Path) -> Iterator[Database]:
    with open_finished(tmp_path / "hpo.db") as opened:
        yield opened


def shown_names(database: Database, name: str = SMALL.name) -> dict[str, str]:
    """Return what Optuna's studies are called that show the parts of a study."""
    names = database.read(optuna_studies.names)
    return {part: names[number] for part, number in StudyRecord(database, name).shown.items()}


def differences(database: Database, name: str = SMALL.name) -> list[str]:
    row = StudyRecord(database, name).row
    return database.read(lambda connection: repair.differences(connection, row, IN_WORDS))


def delete(database: Database) -> None:
    optuna.delete_study(study_name=SMALL.name, storage=database.url)


def delete_final_part(database: Database) -> None:
    optuna.delete_study(study_name=f"{SMALL.name}-final", storage=database.url)


def delete_all(database: Database) -> None:
    for name in database.study_names():
        optuna.delete_study(study_name=name, storage=database.url)


def delete_for_another(database: Database) -> None:
    """Delete all; another program's study takes over the numbers, and its trials those of ours."""
    delete_all(database)
    theirs = optuna.create_study(study_name="theirs", storage=database.url)
    for value in range(20):
        theirs.add_trial(optuna.trial.create_trial(value=float(value)))


def rename(database: Database) -> None:
    """Rename a study as Optuna's dashboard does: by a copy."""
    url = database.url
    optuna.copy_study(from_study_name=SMALL.name, from_storage=url, to_storage=url, to_study_name="renamed")
    delete(database)


def rename_in_place(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(mirror.STUDIES.update().values(study_name=sa.literal("my ") + mirror.STUDIES.c.study_name))


def enqueue(database: Database) -> None:
    theirs = optuna.load_study(study_name=SMALL.name, storage=database.url)
    theirs.enqueue_trial({"learning_rate": 0.05}, user_attrs={"round": 1, "place": 0, "seed": 3})
    theirs.enqueue_trial({"learning_rate": 0.06})


def ask_and_tell(database: Database) -> None:
    theirs = optuna.load_study(study_name=SMALL.name, storage=database.url)
    for _ in range(3):
        theirs.tell(theirs.ask(), 0.999)


def end(database: Database) -> None:
    """Tell Optuna that all trials have failed, whatever they are."""
    with database.engine.begin() as connection:
        connection.execute(mirror.TRIALS.update().values(state=TrialState.FAIL))


def damage(database: Database) -> None:
    """Write what Optuna itself cannot read, where a database takes it."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trials SET state = 'EVIL' WHERE number % 3 = 0")
        connection.exec_driver_sql("UPDATE study_directions SET direction = 'EVIL'")
        connection.exec_driver_sql("UPDATE trial_user_attributes SET value_json = '{'")
        connection.exec_driver_sql("UPDATE study_user_attributes SET value_json = '{' WHERE key <> 'key'")


def delete_trials(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(mirror.TRIALS.delete().where(mirror.TRIALS.c.number % 2 == 0))


MISCHIEF = [
    delete,
    delete_final_part,
    delete_all,
    delete_for_another,
    rename,
    rename_in_place,
    enqueue,
    ask_and_tell,
    end,
    damage,
    delete_trials,
]
mischief = pytest.mark.parametrize("act", MISCHIEF, ids=lambda act: act.__name__)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    with open_finished(tmp_path_factory.mktemp("undisturbed") / "hpo.db") as opened:
        return outcome(opened)


@mischief
def test_a_study_goes_on_to_the_same_end_whatever_optunas_tools_do_to_what_is_shown_of_it(
    database: Database, undisturbed: dict[str, object], act: Callable[[Database], None]
) -> None:
    leader, worker = coordinator(database), mortal()
    for _ in range(2):  # to the first rung, and on to the second
        leader.step()
        train(database, worker)
    leader.release()
    act(database)
    run_to_the_end(database)
    assert outcome(database) == undisturbed
    assert differences(database) == [] or act is damage, "attributes that somebody wrote are not looked at"


@mischief
def test_a_finished_study_is_the_same_and_is_shown_again_by_whoever_runs_it_again(
    finished: Database, undisturbed: dict[str, object], act: Callable[[Database], None]
) -> None:
    before = load_results(finished, SMALL.name)
    act(finished)
    assert study_names(finished) == [SMALL.name]
    assert outcome(finished) == undisturbed
    assert load_results(finished, SMALL.name).good == before.good
    assert len(load_curves(finished.engine, [trial.id for trial in before.queued])) == len(before.queued)
    assert create(finished, SMALL.name).state == "done"
    assert coordinator(finished).step()
    assert shown_names(finished).keys() == {SEARCH, FINAL}
    assert outcome(finished) == undisturbed


@mischief
def test_a_study_is_deleted_whatever_was_done_to_what_is_shown_of_it(
    finished: Database, act: Callable[[Database], None]
) -> None:
    act(finished)
    before = set(finished.study_names())
    delete_study(finished, SMALL.name)
    assert study_names(finished) == []
    others = {"theirs", "renamed"} & before
    assert set(finished.study_names()) == others, "what others made is left to them"
    for name in others:
        assert len(optuna.load_study(study_name=name, storage=finished.url).trials) > 10


def test_a_study_of_another_program_is_left_as_it_is_where_it_took_over_our_number(finished: Database) -> None:
    delete_for_another(finished)
    theirs = optuna.load_study(study_name="theirs", storage=finished.url)
    before = theirs.trials, theirs.user_attrs
    assert whole_studies(finished) == [SMALL.name, "theirs"]
    StudyRecord.create(finished, SMALL, DATA, SOURCE, more_rounds=1)
    run_to_the_end(finished)
    again = optuna.load_study(study_name="theirs", storage=finished.url)
    assert (again.trials, again.user_attrs) == before
    assert differences(finished) == []


def test_a_part_whose_name_was_taken_meanwhile_is_shown_under_another_one(finished: Database) -> None:
    delete_final_part(finished)
    optuna.create_study(study_name=f"{SMALL.name}-final", storage=finished.url)
    StudyRecord.create(finished, SMALL, DATA, SOURCE, more_rounds=1)
    run_to_the_end(finished)
    assert shown_names(finished) == {SEARCH: SMALL.name, FINAL: f"{SMALL.name}-final-2"}


def test_a_copy_of_a_study_is_nobodys(finished: Database) -> None:
    url = finished.url
    optuna.copy_study(from_study_name=SMALL.name, from_storage=url, to_storage=url, to_study_name="copy")
    with pytest.raises(UserError, match="was not made by hpo run"):
        create(finished, "copy")
    assert whole_studies(finished) == ["copy", SMALL.name]


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
    shown = {name: shown_names(database, name) for name in names}
    assert all(parts[SEARCH] == name for name, parts in shown.items())
    finals = {parts[FINAL] for parts in shown.values()}
    assert len(finals) == 2
    assert not finals & set(names)
    assert set(whole_studies(database)) == {SMALL.name, *names}


def test_a_certificate_takes_no_name_that_a_study_has(database: Database) -> None:
    create(database, f"{SMALL.name}-certificate")
    made = CertificateRecord.open(database, SMALL, [], DATA, SOURCE)
    assert made.name == f"{SMALL.name}-certificate-2"
    assert CertificateRecord(database, SMALL.name).name == made.name
    assert StudyRecord(database, f"{SMALL.name}-certificate").certified is None
    assert StudyRecord(database, made.name).certified == SMALL.name
    with pytest.raises(UserError, match=f"'{SMALL.name}-certificate-2'"):
        create(database, made.name)


def test_a_study_that_somebody_made_with_optuna_is_not_taken_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    optuna.create_study(study_name=SMALL.name, storage=url, direction="minimize")
    with Database(url) as database, pytest.raises(UserError, match=r"was not made by hpo run"):
        StudyRecord.create(database, SMALL, DATA, SOURCE)


def test_a_final_part_is_no_study(database: Database) -> None:
    with pytest.raises(UserError, match="'small-final' is the final part of 'small'"):
        StudyRecord(database, f"{SMALL.name}-final")


def test_of_two_definitions_at_the_same_moment_under_one_name_one_is_taken(database_url: str) -> None:
    Database(database_url).close()
    together = threading.Barrier(6)

    def begin(seed: int) -> int | None:
        study = dataclasses.replace(SMALL, seed=seed)
        with Database(database_url) as database:
            together.wait()
            try:
                return StudyRecord.create(database, study, DATA, SOURCE).definition.seed
            except UserError as error:
                return None if "with another definition" in str(error) else -1

    with ThreadPoolExecutor(6) as pool:
        taken = [seed for seed in pool.map(begin, [1, 2, 3] * 2) if seed is not None]
    with Database(database_url) as database:
        assert set(taken) == {StudyRecord(database, SMALL.name).definition.seed}
        assert len(taken) == 2, "both who declared it so go on with it"
        assert study_names(database) == [SMALL.name]
        assert database.study_names() == [SMALL.name, f"{SMALL.name}-final"]
        assert differences(database) == []
