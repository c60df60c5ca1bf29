"""A search whose configs have different hyperparameters, through the queue, the database and Optuna's own tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import optuna
import pytest
import sqlalchemy as sa

from hpo.definition.reading import read_definition
from hpo.definition.trainers.kinds import KINDS
from hpo.engine.coordinator import Coordinator
from hpo.record.results import load_results
from hpo.record.study import StudyRecord
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.schema import trials as rows
from tests.hpo.engine.test_any_metric import SOURCE
from tests.support.builders import tables
from tests.support.databases import CURVE, POOL, queue_of, trials
from tests.support.invented_trainer import KIND, Invented
from tests.support.spaces import EVERYTHING, faults


@pytest.fixture(autouse=True)
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, KIND, lambda table: Invented())


def searched(database: Database) -> None:
    made = tables(rounds=[{"trials": 16, "samples": 400, "epochs": 10}] * 2, space=EVERYTHING)
    del made["model"], made["training"]
    definition = read_definition("small", {**made, "trainer": {KIND: True}})
    data = {"pool": POOL, "holdout": POOL, "validation": 200, "confirmation": 400, "chance": 0.1}
    StudyRecord.create(database, definition, data, SOURCE)
    leader, queue = Coordinator(database, "small", lambda text: None), queue_of(database)
    while not leader.step():
        found = trials(database)
        for trial in [each for each in (*found.search, *found.final) if each.ready]:
            claimed = queue.claim([trial.id])
            end = 0.9 - claimed.config["hidden_1"] / 1000 - (claimed.config["depth"] is None) / 10
            more: dict[str, Any] = {"train_accuracy": end + 0.03}
            if claimed.attributes.get("stage") in ("full", "plain", "adopted"):
                more["test_accuracy"] = end - 0.01
            assert queue.report(claimed, claimed.allowed, end, CURVE, more)


def test_what_is_active_is_in_the_database_and_in_optuna_and_null_is_null(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    with Database(url) as database:
        searched(database)
        results = load_results(database, "small")
    space = results.definition.space
    assert results.good
    for trial in results.trials:
        assert not faults(space, space.limits(), trial.config)
    assert {trial.config["depth"] for trial in results.trials} == {4, 8, None}
    assert len({tuple(trial.config) for trial in results.trials}) > 4
    shown = optuna.load_study(study_name="small", storage=url).trials
    assert [each.params for each in shown] == [trial.config for trial in results.queued]
    momentum = next(each.distributions["momentum"] for each in shown if "momentum" in each.params)
    assert momentum == optuna.distributions.FloatDistribution(0.0, 0.9, step=0.1)


def test_a_trial_with_a_hyperparameter_that_is_not_active_is_no_trial_of_the_study(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path / 'one.db'}") as database:
        searched(database)
        with database.engine.begin() as connection:
            row = next(
                each for each in connection.execute(sa.select(rows)) if "momentum" not in json.loads(each.config)
            )
            changed = json.dumps({**json.loads(row.config), "momentum": 0.5})
            connection.execute(rows.update().where(rows.c.id == row.id).values(config=changed))
        with pytest.raises(UserError, match="other hyperparameters than the study"):
            load_results(database, "small")
