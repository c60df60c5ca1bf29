"""A search on a metric of which less is better, through the queue and the database: values there, scores inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
import pytest

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.kinds import KINDS
from hpo.engine.coordinator import Coordinator
from hpo.proof.recommended import recommend
from hpo.record.results import StudyResults, load_results
from hpo.record.study import StudyRecord
from hpo.searching.queued import QueuedTrial
from hpo.storage import repair
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from tests.support.builders import tables
from tests.support.databases import CURVE, POOL, queue_of, score, trials
from tests.support.invented_trainer import KIND, Invented

REWARD = {"name": "reward"}
LOSS = {"name": "loss"}
SOURCE = {"provenance": "made up", "place": "memory", "paths": "", "sha256": "0", "complete": "yes"}


@pytest.fixture(autouse=True)
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, KIND, lambda table: Invented())


def study(metric: Any, **more: Any) -> StudyDefinition:
    made = tables(rounds=[{"trials": 12, "samples": 400, "epochs": 10}] * 2, **more)
    del made["model"], made["training"]
    return read_definition("small", {**made, "trainer": {KIND: True}, "metric": metric})


def searched(path: Path, definition: StudyDefinition, chance: float | None = None) -> StudyResults:
    """Search with invented scores as values of the study's metric; every ninth trial fails."""
    metric = definition.metric
    with Database(f"sqlite:///{path}") as database:
        data = {"pool": POOL, "holdout": POOL, "validation": 200, "confirmation": 400, "chance": chance}
        StudyRecord.create(database, definition, data, SOURCE)
        leader, queue = Coordinator(database, "small", lambda text: None), queue_of(database)
        while not leader.step():
            found = trials(database)
            for trial in [each for each in (*found.search, *found.final) if each.ready]:
                _train(queue, trial, metric.value)
        return load_results(database, "small")


def _train(queue: Any, trial: QueuedTrial, value: Any) -> None:
    claimed = queue.claim([trial.id])
    if trial.number % 9 == 4:
        queue.fail(claimed, "it broke")
        return
    end = score(claimed, claimed.allowed)
    more = {"train_accuracy": value(end + 0.03), "metrics": {"latency_ms": 1000 * claimed.config["weight_decay"]}}
    if claimed.attributes.get("stage") in ("full", "plain", "adopted"):
        more["test_accuracy"] = value(end - 0.01)
    assert queue.report(claimed, claimed.allowed, value(end), CURVE, more)


def test_a_search_on_a_loss_ends_like_that_on_its_mirror_image(tmp_path: Path) -> None:
    one, two = (searched(tmp_path / f"{each['name']}.db", study(each)) for each in (REWARD, LOSS))
    assert one.good
    assert [each.box for each in one.rounds] == [each.box for each in two.rounds]
    assert repr(one.trials) == repr(two.trials)
    assert repr(one.good) == repr(two.good)
    first, second = (recommend(each.definition, each.data, each.trials, each.good, each.full) for each in (one, two))
    assert first.config == second.config is not None
    assert first.score == second.score
    assert second.score.in_units(two.definition.metric).mean == pytest.approx(-first.score.mean)
    values = {trial.number: trial.score for trial in two.queued}
    assert all(values[trial.number] == -trial.score for trial in two.trials if not (trial.failed or trial.stopped))
    assert two.full[0].gap == pytest.approx(one.full[0].gap)
    assert 0 < two.full[0].gap < 0.1


def test_optuna_shows_the_values_in_the_direction_of_the_metric(tmp_path: Path) -> None:
    results = searched(tmp_path / "loss.db", study(LOSS))
    url = f"sqlite:///{tmp_path / 'loss.db'}"
    shown = optuna.load_study(study_name="small", storage=url)
    assert shown.direction == optuna.study.StudyDirection.MINIMIZE
    assert shown.metric_names == ["validation loss"]
    ended = [trial.score for trial in results.queued if trial.score is not None]
    assert shown.best_value == min(ended) < 0
    optuna.delete_study(study_name="small", storage=url)
    with Database(url) as database:
        record = StudyRecord(database, "small")
        database.write(lambda connection: repair.repair(connection, record.row, record.parts_shown(), {}))
    again = optuna.load_study(study_name="small", storage=url)
    assert (again.direction, again.best_value) == (shown.direction, min(ended))


def test_a_constraint_on_what_the_trainer_reports_decides_who_races(tmp_path: Path) -> None:
    fast = [{"metric": "latency_ms", "at_most": 0.05}]
    results = searched(tmp_path / "fast.db", study(LOSS, constraints=fast))
    assert results.guard is not None
    assert results.guard.any_within
    assert {trial.config["weight_decay"] <= 5e-5 for trial in results.good} == {True}
    free = searched(tmp_path / "free.db", study(LOSS))
    assert free.guard is None
    assert max(each.config["weight_decay"] for each in free.good) > 5e-5


def test_a_metric_of_ones_own_is_recorded_and_changes_are_refused(tmp_path: Path) -> None:
    own = study({"name": "tours", "direction": "minimize", "low": 0})
    assert read_definition("small", own.record()) == own
    with Database(f"sqlite:///{tmp_path / 'own.db'}") as database:
        StudyRecord.create(database, own, {"pool": POOL}, SOURCE)
        assert StudyRecord(database, "small").data.get("chance") is None
        other = study({"name": "tours", "direction": "maximize", "low": 0})
        with pytest.raises(UserError, match="minimize"):
            StudyRecord.create(database, other, {"pool": POOL}, SOURCE)


def test_our_networks_are_scored_by_accuracy_alone() -> None:
    with pytest.raises(UserError, match="accuracy"):
        read_definition("small", tables(metric="rmse"))
    assert read_definition("small", tables(metric="accuracy")) == read_definition("small", tables())


def test_how_little_is_no_gain_is_said_in_the_units_of_the_metric() -> None:
    assert study("rmse", search={"min_gain": 5.0}).search.min_gain == 5.0
    with pytest.raises(UserError, match="must lie in 0"):
        study("accuracy", search={"min_gain": 5.0})
