"""Studies of scikit-learn's estimators on small made-up data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.training.cuts import Cut
from hpo.training.estimator_door import check_estimators, settled
from hpo.training.estimators import Estimators
from hpo.training.images import StudyData
from hpo.training.loading import load_data, locate_data
from hpo.training.protocol import Assignment, OpenTest, Score

DEPTH = {"max_depth": {"type": "int", "start": [2, 4], "limits": [1, 8]}}
ALPHA = {"alpha": {"type": "float", "log": True, "start": [0.1, 1.0], "limits": [0.01, 10.0]}}


def blobs(path: Path, *, classes: int = 3, count: int = 240, amounts: bool = False) -> str:
    """Write `count` noisy points of 6 values in so many classes, or with a number to predict, and return the path."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % classes
    x = rng.normal(size=(count, 6)) + 0.6 * y[:, None]
    target = x @ np.arange(6.0) + rng.normal(size=count) if amounts else y
    np.savez(path, x_train=x[:200], y_train=target[:200], x_test=x[200:], y_test=target[200:])
    return str(path)


def prepared(
    trainer: Mapping[str, Any], data: Mapping[str, Any], space: Mapping[str, Any], metric: object = None
) -> tuple[StudyDefinition, StudyData, tuple[str, ...]]:
    """Return a study as it is when its first trial begins, its data, and what was said at the door."""
    tables = {"trainer": trainer, "data": data, "space": space, "rounds": [{"trials": 2, "samples": 90, "epochs": 8}]}
    definition = read_definition("own", tables | ({} if metric is None else {"metric": metric}))
    located = locate_data(definition, announce=print)
    cut = StudyData.build(definition, located, load_data(located))
    trainer_now = settled(definition.trainer)
    said = check_estimators(definition, trainer_now, cut)
    return cut.settled(dataclasses.replace(definition, trainer=trainer_now)), cut, said


def train(
    definition: StudyDefinition,
    data: StudyData,
    config: Mapping[str, Any],
    *,
    seed: int = 1,
    stops: Sequence[int] = (25, 50, 100),
    groups: int = 1,
    epochs: int = 8,
    open_test: OpenTest | None = None,
) -> list[Score]:
    """Train `config` and return how it stood at each of `stops`."""
    rungs = definition.search.percents if definition.abilities.rungs else (100,)
    cuts = tuple(Cut(60, group) for group in range(groups))
    use = "never" if open_test is None else "at the end"
    assignment = Assignment("search", 0, seed, 60, epochs, cuts, rungs, test=use)
    training = Estimators(definition.trainer, data).start(dict(config), assignment, open_test or (lambda: None))
    return [training.advance(percent) for percent in stops]
