"""Tiny studies that are trained for real in this process: a comparison, and whatever other definition a test has."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.engine.coordinator import Coordinator
from hpo.engine.interrupts import StopRequest
from hpo.engine.worker import Worker
from hpo.record.study import StudyRecord
from hpo.record.trials import trials_of
from hpo.storage.database import Database
from hpo.storage.datasets import Located, load_training_part, locate
from hpo.storage.records import load_curves, load_network_bytes, load_test_evaluations
from hpo.training.images import StudyData
from hpo.training.kinds import trainer_of

NAME = "versus"
CONFIGS, SEEDS, EPOCHS = 4, 2, 60
METHODS = ['{"optimizer": "sgd", "learning_rate": 0.05}', '{"optimizer": "adam", "learning_rate": 0.003}']
"""How the two choices that are tables travel."""

GRID = [{"method": method, "initialization": first} for method in METHODS for first in (0.05, "he")]


def study_text(blobs: Path) -> str:
    return f"""
title = "two methods, two first weights"
seed = 3
[data]
dataset = {str(blobs)!r}
holdout = 600
[model]
network = "mlp"
hidden = [16]
[training]
batch_size = 20
[space.method]
choices = [{{optimizer = "sgd", learning_rate = 0.05}}, {{optimizer = "adam", learning_rate = 0.003}}]
[space.initialization]
choices = [0.05, "he"]
[comparison]
samples = 100
epochs = {EPOCHS}
seeds = {SEEDS}
evaluations = 5
figure = "training_loss"
"""


def comparison_on(
    blobs: Path, *, space: Any = None, training: Mapping[str, Any] | None = None, **comparison: Any
) -> StudyDefinition:
    """Return the study on `blobs` with another space, other settings of the training or of the comparison."""
    tables = tomllib.loads(study_text(blobs))
    tables["comparison"] |= comparison
    tables["training"] |= training or {}
    tables["space"] = tables["space"] if space is None else space
    return read_definition(NAME, tables)


def data_of(definition: StudyDefinition) -> tuple[StudyData, Located]:
    located = locate(definition.data.dataset, announce=lambda text: None)
    return StudyData.build(definition, located, load_training_part(located)), located


def work_through(database: Database, definition: StudyDefinition) -> StudyData:
    """Let one coordinator and one worker, both in this process, bring the study to its end."""
    data, located = data_of(definition)
    StudyRecord.create(database, definition, data.summary(), located.record())
    leader = Coordinator(database, definition.name, lambda text: None)
    worker = Worker(
        database,
        definition.name,
        trainer_of(definition, data),
        data,
        located,
        stop=StopRequest(),
        announce=lambda text: None,
        on_idle=lambda: _step(leader),
        nudged=threading.Event(),
    )
    worker.run()
    leader.release()
    return data


def _step(leader: Coordinator) -> None:
    leader.step()
    while leader.advanced:
        leader.step()


def outcome_of(database: Database, name: str = NAME) -> dict[str, Any]:
    """Return all that a comparison left in the database, but for times, workers and the numbers of trials."""
    record = StudyRecord(database, name)
    trials = trials_of(database, record).search
    curves = load_curves(database.engine, [trial.id for trial in trials])
    ledger = load_test_evaluations(database.engine, name)
    passing = ("seconds", "worker")
    return {
        "state": record.state,
        "rounds": record.rounds,
        "trials": sorted(
            (
                trial.attributes["index"],
                trial.state.name,
                str(trial.config),
                str(trial.rungs),
                str(sorted(item for item in trial.attributes.items() if item[0] not in passing)),
                str([(p.step, p.train_loss, p.validation_loss, p.test_accuracy) for p in curves[trial.id].points]),
                curves[trial.id].hits.tobytes(),
                load_network_bytes(database.engine, trial.id),
            )
            for trial in trials
        ),
        "ledger": sorted((entry.trial_id, entry.purpose) for entry in ledger),
    }
