"""Small values that the tests of `hpo` are about: definitions, results of trials, queued trials and final runs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from optuna.trial import TrialState

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.proof.final_runs import FinalRun, Stage
from hpo.searching.queued import QueuedTrial
from hpo.searching.space import Config, Hyperparameter, Interval, Numeric, SearchSpace
from hpo.searching.trials import TrialResult

TABLES: Mapping[str, Any] = {
    "title": "a small study",
    "seed": 7,
    "data": {"dataset": "mnist", "holdout": 1000, "validation": 200, "confirmation": 400},
    "model": {"network": "mlp", "hidden": [20, 10], "activation": "relu", "dropout": 0.0, "initialization": "he"},
    "training": {"optimizer": "sgd", "batch_size": 100, "learning_rate": 0.01},
    "space": {
        "learning_rate": {"log": True, "start": [1e-4, 1e-2], "limits": [1e-6, 10.0]},
        "weight_decay": {"log": True, "start": [1e-6, 1e-3], "limits": [1e-8, 1.0]},
    },
    "search": {"sampler": "lattice", "groups": 1, "rungs": [0.25, 0.5], "keep": 0.5},
    "rounds": [
        {"trials": 20, "samples": 400, "epochs": 10},
        {"trials": 12, "samples": 400, "epochs": 10},
    ],
    "final": {"good_values": 3, "race_runs": 3, "confirmation_runs": 2, "seeds": 2, "epochs": 5, "probe": False},
}


def tables(**changes: Any) -> dict[str, Any]:
    """Return the tables of a small study; a dict in `changes` is laid over its table, anything else replaces it."""
    made: dict[str, Any] = deepcopy(dict(TABLES))
    for key, change in changes.items():
        made[key] = {**made[key], **change} if isinstance(change, dict) and key not in ("space", "rounds") else change
    return made


def definition(**changes: Any) -> StudyDefinition:
    return read_definition("small", tables(**changes))


def comparison_tables(**changes: Any) -> dict[str, Any]:
    """Return the tables of a small comparison of two choices, with `changes` laid over them as in `tables`."""
    made = tables()
    for key in ("rounds", "final", "search"):
        del made[key]
    made |= {
        "data": {"dataset": "mnist", "holdout": 1000},
        "space": {"dropout": {"choices": [0.0, 0.2]}},
        "comparison": {"samples": 300, "epochs": 3, "seeds": 2, "evaluations": 4, "figure": "grid"},
    }
    for key, change in changes.items():
        made[key] = {**made[key], **change} if key in made and isinstance(change, dict) and key != "space" else change
    return made


def log_scaled(start: tuple[float, float], limits: tuple[float, float] | None = None) -> Numeric:
    return Numeric(Interval(*start), Interval(*(limits or start)), log=True)


def linear(start: tuple[float, float], limits: tuple[float, float] | None = None, *, integer: bool = False) -> Numeric:
    return Numeric(Interval(*start), Interval(*(limits or start)), integer=integer)


def space(**hyperparameters: Hyperparameter) -> SearchSpace:
    return SearchSpace(hyperparameters)


def result(
    config: Config,
    score: float,
    index: int = 0,
    *,
    round_: int = 1,
    rungs: Mapping[int, float] | None = None,
    **more: Any,
) -> TrialResult:
    return TrialResult(round_, index, config, score, rungs or {}, **more)


def queued(
    number: int,
    attributes: Mapping[str, Any],
    *,
    rungs: Mapping[int, float] | None = None,
    state: TrialState = TrialState.WAITING,
    config: Config | None = None,
) -> QueuedTrial:
    """Return a trial as the queue shows it; a complete one has the score of its last rung."""
    rungs = rungs or {}
    score = rungs[max(rungs)] if state == TrialState.COMPLETE else None
    return QueuedTrial(number, number, state, dict(config or {"learning_rate": 0.01}), attributes, rungs, score)


def final_run(
    stage: Stage, source: tuple[int, int], run: int, score: float, *, config: Config | None = None, **more: Any
) -> FinalRun:
    fields: dict[str, Any] = {
        "source_trial": 0,
        "number": 0,
        "id": 0,
        "seed": 0,
        "overrides": {},
        "train_accuracy": score,
        "test_accuracy": None,
        "n_train": 400,
        "epochs": 10,
        "seconds": 1.0,
        "reason": None,
    }
    return FinalRun(stage=stage, source=source, run=run, score=score, config=config or {}, **(fields | more))
