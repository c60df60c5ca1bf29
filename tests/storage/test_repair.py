"""What Optuna shows of our trials, written anew where somebody changed it, and left alone where nobody did."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import optuna
import pytest
import sqlalchemy as sa
from optuna.trial import TrialState

from hpo.storage import mirror, optuna_studies, repair
from hpo.storage.database import Database
from hpo.storage.optuna_studies import NewStudy
from hpo.storage.schema import CLAIMED, COMPLETE, FAILED, PAUSED, READY, STOPPED
from hpo.storage.studies import SEARCH, StudyRow
from tests.storage.test_mirror import CONFIGS, WORDS, begin, live, ours, shown, study
from tests.support.databases import as_optuna

NEW = {SEARCH: NewStudy("a study", {"title": "학습"})}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with Database(database_url) as opened:
        opened.write(begin)
        yield opened


def mend(database: Database) -> StudyRow:
    return database.write(lambda connection: repair.repair(connection, study(connection), NEW, WORDS))


def differences(database: Database) -> list[str]:
    return database.read(lambda connection: repair.differences(connection, study(connection), WORDS))


def contents(database: Database) -> list[list[object]]:
    def read(connection: sa.Connection) -> list[list[object]]:
        tables = optuna_studies.METADATA.sorted_tables
        return [sorted(map(tuple, connection.execute(sa.select(table))), key=str) for table in tables]

    return database.read(read)


def deleted(connection: sa.Connection) -> None:
    optuna_studies.delete(connection, [study(connection).search_id])


def without_its_trials(connection: sa.Connection) -> None:
    for table in (mirror.PARAMS, mirror.VALUES, mirror.USER, mirror.SYSTEM, mirror.ON_THE_RUNGS, mirror.TRIALS):
        connection.execute(table.delete())


def without_a_trial(connection: sa.Connection) -> None:
    first = sa.select(sa.func.min(mirror.TRIALS.c.trial_id)).scalar_subquery()
    for table in (mirror.PARAMS, mirror.VALUES, mirror.USER, mirror.SYSTEM, mirror.ON_THE_RUNGS, mirror.TRIALS):
        connection.execute(table.delete().where(table.c.trial_id == first))


def of_another_state(connection: sa.Connection) -> None:
    connection.execute(mirror.TRIALS.update().values(state=TrialState.FAIL))


def of_other_numbers(connection: sa.Connection) -> None:
    connection.execute(mirror.TRIALS.update().values(number=mirror.TRIALS.c.number + 100))


def with_another_key(connection: sa.Connection) -> None:
    keys = optuna_studies.USER
    connection.execute(keys.update().where(keys.c.key == optuna_studies.KEY).values(value_json='"x"'))


STATES = (READY, CLAIMED, PAUSED, STOPPED, FAILED, COMPLETE)


@pytest.mark.parametrize("state", STATES)
def test_what_is_shown_as_it_is_is_left_as_it_is(database: Database, state: str) -> None:
    live(database, state)
    before, row = contents(database), mend(database)
    assert row == database.read(study)
    assert (contents(database), differences(database)) == (before, [])


@pytest.mark.parametrize(
    "change",
    [deleted, without_its_trials, without_a_trial, of_another_state, of_other_numbers, with_another_key],
    ids=lambda change: change.__name__,
)
@pytest.mark.parametrize("state", [CLAIMED, STOPPED, COMPLETE])
def test_what_was_changed_is_shown_again_and_the_second_repair_changes_nothing(
    database: Database, state: str, change: Callable[[sa.Connection], None]
) -> None:
    live(database, state)
    before = ours(database)
    database.write(change)
    assert differences(database) != []
    row = mend(database)
    assert row == database.read(study)
    assert differences(database) == []
    once = contents(database)
    mend(database)
    assert contents(database) == once
    after = [trial for trial in shown_in(database, row) if trial.number < len(CONFIGS)]
    assert [trial.params for trial in after] == CONFIGS
    assert [trial.state for trial in after] == [mirror.STATES[state]] * len(CONFIGS)
    assert [trial.value for trial in after] == [each.score for each in before]
    assert [trial.intermediate_values for trial in after] == [dict(each.rungs) for each in before]


def shown_in(database: Database, row: StudyRow) -> list[optuna.trial.FrozenTrial]:
    assert row.search_id is not None
    return database.optuna.get_all_trials(row.search_id)


def test_whoever_reads_only_what_changed_learns_the_new_numbers(database: Database) -> None:
    live(database, COMPLETE)
    old = {row.optuna_id for row in ours(database)}
    database.write(lambda connection: optuna_studies.create(connection, NewStudy("theirs", {})) and None)
    database.write(deleted)
    mend(database)
    numbers = {row.optuna_id for row in ours(database)}
    assert numbers == {trial._trial_id for trial in shown_in(database, database.read(study))}
    assert len(numbers) == len(old)


def test_a_name_that_was_taken_meanwhile_is_left_to_who_has_it(database: Database) -> None:
    database.write(deleted)
    with as_optuna(database) as storage:
        theirs = optuna.create_study(study_name="a study", storage=storage)
        theirs.add_trial(optuna.trial.create_trial(value=1.0))
    row = mend(database)
    assert row.search_id is not None
    assert database.read(optuna_studies.names)[row.search_id] == "a study-2"
    with as_optuna(database) as storage:
        assert [trial.value for trial in optuna.load_study(study_name="a study", storage=storage).trials] == [1.0]
    assert differences(database) == []


def test_trials_that_somebody_enqueued_stay_and_take_no_number_of_ours(database: Database) -> None:
    with as_optuna(database) as storage:
        optuna.load_study(study_name="a study", storage=storage).enqueue_trial({"rate": 0.5})
    mend(database)
    assert differences(database) == []
    theirs = shown(database)[-1]
    assert (theirs.number, theirs.state) == (len(CONFIGS), TrialState.WAITING)
