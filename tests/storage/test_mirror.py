"""What Optuna itself reads of the trials that its tables show of ours, and that damage there is nobody's concern."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import optuna
import pytest
import sqlalchemy as sa
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.trial import FrozenTrial, TrialState

from hpo.storage import mirror, studies
from hpo.storage.database import Database
from hpo.storage.mirror import STATES
from hpo.storage.optuna_studies import NewStudy
from hpo.storage.queue import claims, plans
from hpo.storage.queue.claims import Report
from hpo.storage.queue.plans import Piece
from hpo.storage.queue.rows import TrialRow, changed_since
from hpo.storage.schema import CLAIMED, COMPLETE, FAILED, PAUSED, READY, STOPPED
from hpo.storage.studies import SEARCH, StudyRow
from tests.support.databases import CURVE, as_optuna

SPACE: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(1e-5, 10.0, log=True),
    "momentum": FloatDistribution(0.0, 1.0),
    "units": IntDistribution(1, 1000, log=True),
    "layers": IntDistribution(1, 5),
    "batch_norm": CategoricalDistribution([False, True]),
    "activation": CategoricalDistribution(["relu", "sigmoid", "학습"]),
    "clip": CategoricalDistribution([None, 0.5, 1]),
}
CONFIGS: list[dict[str, Any]] = [
    {"rate": 1e-5, "momentum": 0.0, "units": 1, "layers": 1, "batch_norm": False, "activation": "relu", "clip": None},
    {"rate": 0.1, "momentum": 0.9, "units": 37, "layers": 5, "batch_norm": True, "activation": "sigmoid", "clip": 0.5},
    {"rate": 10.0, "momentum": 1.0, "units": 1000, "layers": 3, "batch_norm": True, "activation": "학습", "clip": 1},
]
WORDS = {"index": "place", "train_accuracy": "train accuracy"}
HOLDER = "? 1 0 somebody"
LIVES = (READY, CLAIMED, PAUSED, STOPPED, FAILED, COMPLETE)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a database with a study in whose queue a trial of each config is ready."""
    with Database(database_url) as opened:
        opened.write(begin)
        yield opened


def begin(connection: sa.Connection) -> None:
    new = {SEARCH: NewStudy("a study", {"title": "학습", "data": {"pool": 10}}, {"study:metric_names": ["accuracy"]})}
    studies.create(connection, "a study", definition={}, record={}, parts=new)
    row = study(connection)
    texts = {name: distribution_to_json(each) for name, each in SPACE.items()}
    pieces = [
        Piece(f"place {i}", SEARCH, config, {"round": 1, "index": i, "seed": 2**52 + i, "n_train": None}, texts, 25)
        for i, config in enumerate(CONFIGS)
    ]
    plans.plan(connection, row.id, pieces)
    assert plans.enqueue(connection, row.id, row.shown, WORDS) == len(CONFIGS)


def study(connection: sa.Connection) -> StudyRow:
    row = studies.named(connection, "a study")
    assert row is not None
    return row


def ours(database: Database) -> list[TrialRow]:
    rows = database.read(lambda connection: changed_since(connection, study(connection).id, 0))[1]
    return sorted(rows, key=lambda row: row.number)


def shown(database: Database) -> list[FrozenTrial]:
    """Return the trials as a storage that Optuna made of the same URL reads them."""
    with as_optuna(database) as storage:
        (found,) = storage.get_all_studies()
        return sorted(storage.get_all_trials(found._study_id), key=lambda trial: trial.number)


def live(database: Database, state: str, score: float = 0.5) -> None:
    """Let every trial come to `state`."""

    def step(connection: sa.Connection) -> None:
        study_id = study(connection).id
        rows = [claims.claim(connection, study_id, HOLDER) for _ in CONFIGS] if state != READY else []
        for row in rows:
            assert row is not None
            if state == FAILED:
                assert claims.fail(connection, study_id, row, "no memory: 학습")
            if state in (PAUSED, STOPPED, COMPLETE):
                rung = 100 if state == COMPLETE else 25
                outcome = {"train_accuracy": 0.75}
                report = Report(rung, score, CURVE, outcome, {"train accuracy": 0.75}, None, -0.25)
                assert claims.report(connection, study_id, row, report)
        if state == STOPPED:
            plans.stop(connection, study_id, [row.id for row in rows if row is not None])

    database.write(step)


def when(seconds: float | None) -> datetime.datetime | None:
    """Return a time as Optuna reads it: the machine's own, without a zone."""
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds)


def near(one: datetime.datetime | None, other: datetime.datetime | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other).total_seconds() < 0.01)


@pytest.mark.parametrize("state", LIVES)
def test_optuna_reads_of_a_trial_in_every_state_what_is_true_of_it(database: Database, state: str) -> None:
    live(database, state)
    rows, trials = ours(database), shown(database)
    assert len(rows) == len(trials) == len(CONFIGS)
    for row, trial, config in zip(rows, trials, CONFIGS, strict=True):
        assert row.state == state
        assert (trial._trial_id, trial.number, trial.state) == (row.optuna_id, row.number, STATES[state])
        assert trial.params == dict(row.config) == config
        assert {name: type(value) for name, value in trial.params.items()} == {n: type(v) for n, v in config.items()}
        assert trial.distributions == SPACE
        assert trial.intermediate_values == dict(row.rungs)
        assert trial.values == (None if row.score is None else [row.score])
        assert trial.user_attrs == {WORDS.get(n, n): v for n, v in {**row.attributes, **row.outcome}.items()}
        assert trial.system_attrs == ({"constraints": [-0.25]} if state in (PAUSED, STOPPED, COMPLETE) else {})
        assert near(trial.datetime_start, when(row.claimed_at))
        assert near(trial.datetime_complete, when(row.ended_at))


def test_optunas_own_trials_have_the_same_rows_as_ours(database: Database) -> None:
    """What Optuna itself would have written for these configs is what is there, to the internal representation."""
    live(database, COMPLETE)
    with as_optuna(database) as theirs:
        made = theirs.create_new_study([optuna.study.StudyDirection.MAXIMIZE], "theirs")
        for config in CONFIGS:
            trial = optuna.trial.create_trial(
                params=config, distributions=SPACE, value=0.5, intermediate_values={100: 0.5}
            )
            theirs.create_new_trial(made, trial)

    def rows(table: sa.Table, study_name: str) -> list[Mapping[str, Any]]:
        named = [column for column in table.c if column.name not in (f"{table.name[:-1]}_id", "trial_id")]
        query = sa.select(mirror.TRIALS.c.number, *named).join(
            mirror.TRIALS, mirror.TRIALS.c.trial_id == table.c.trial_id
        )
        query = query.join(mirror.STUDIES, mirror.STUDIES.c.study_id == mirror.TRIALS.c.study_id)
        query = query.where(mirror.STUDIES.c.study_name == study_name)
        keys = [each.name for each in named if not each.primary_key]
        found = database.read(lambda connection: connection.execute(query).mappings().all())
        return sorted(({"number": row["number"], **{k: row[k] for k in keys}} for row in found), key=str)

    for table in (mirror.PARAMS, mirror.VALUES, mirror.ON_THE_RUNGS):
        assert rows(table, "a study") == rows(table, "theirs")


def test_optuna_reads_times_as_those_of_the_machine_it_runs_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        live(database, COMPLETE)
        moment = datetime.datetime.now()
        for trial in shown(database):
            assert trial.datetime_start is not None
            assert trial.datetime_complete is not None
            assert abs(moment - trial.datetime_start) < datetime.timedelta(minutes=5)
            assert abs(moment - trial.datetime_complete) < datetime.timedelta(minutes=5)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_score_that_is_no_number_is_shown_as_one_at_its_rung(database: Database) -> None:
    live(database, PAUSED, score=math.nan)
    for trial in shown(database):
        assert math.isnan(trial.intermediate_values[25])
    assert all(math.isnan(row.rungs[25]) for row in ours(database))


def test_optuna_reads_a_study_with_its_direction_its_attributes_and_its_best_trial(database: Database) -> None:
    live(database, COMPLETE)
    with as_optuna(database) as storage:
        found = optuna.load_study(study_name="a study", storage=storage)
        assert found.direction == optuna.study.StudyDirection.MAXIMIZE
        assert found.metric_names == ["accuracy"]
        assert found.user_attrs["title"] == "학습"
        assert found.best_value == 0.5
        assert {trial.state for trial in found.trials} == {TrialState.COMPLETE}


def test_what_a_worker_says_on_the_way_is_shown_and_changes_nothing_of_ours(database: Database) -> None:
    def step(connection: sa.Connection) -> None:
        study_id = study(connection).id
        row = claims.claim(connection, study_id, HOLDER)
        assert row is not None
        assert claims.note(connection, study_id, row, 10, 0.25)
        assert claims.note(connection, study_id, row, 15, None)

    database.write(step)
    first = shown(database)[0]
    assert first.intermediate_values == {10: 0.25}
    assert first.system_attrs == {mirror.ON_THE_WAY: 15}
    assert (ours(database)[0].rungs, ours(database)[0].on_the_way) == ({}, 15)


def test_where_nothing_is_shown_nothing_is_written(database: Database) -> None:
    with as_optuna(database) as storage:
        optuna.delete_study(study_name="a study", storage=storage)
    live(database, COMPLETE)
    assert [row.state for row in ours(database)] == [COMPLETE] * len(CONFIGS)
    left = database.read(
        lambda connection: [
            connection.execute(sa.select(sa.func.count()).select_from(each)).scalar_one()
            for each in (mirror.TRIALS, mirror.PARAMS, mirror.VALUES, mirror.USER, mirror.SYSTEM, mirror.ON_THE_RUNGS)
        ]
    )
    assert left == [0] * 6


def test_attributes_are_json_texts_as_optuna_writes_them(database: Database) -> None:
    texts = sa.select(mirror.USER.c.value_json).where(mirror.USER.c.key == "seed")
    found = database.read(lambda connection: connection.execute(texts).scalars().all())
    assert sorted(map(json.loads, found)) == [2**52 + i for i in range(len(CONFIGS))]
