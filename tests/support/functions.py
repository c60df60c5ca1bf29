"""A training function in a test: what a worker would do with it, without a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hpo.definition.abilities import Abilities
from hpo.definition.settings import HeldOut
from hpo.searching.metric import ACCURACY, Metric
from hpo.storage.splits import partition
from hpo.training.cuts import Cut
from hpo.training.functions.examples import Examples, OwnExamples
from hpo.training.functions.trainer import Functions, FunctionTraining
from hpo.training.protocol import Assignment, Score

SEARCH = Assignment("search", 0, 7, 40, 4, (Cut(40),), rungs=(25, 50, 100), judged=True)
FULL = Assignment("full", 0, 8, 120, 4, (Cut(None, scorers="holdout"),), test="at the end", purpose="full run 0")


def examples(n: int = 160, seed: int = 0) -> Examples:
    """Return `n` examples of two classes, in three numbers each, that a straight line nearly divides."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    x = rng.normal(size=(n, 3)) + y[:, None]
    return Examples(x, y, partition(y, holdout=40, seed=3), HeldOut(40, 20, 20))


def trainer(function: Callable[..., Any], metric: Metric = ACCURACY, **more: Any) -> Functions:
    """Return a trainer that calls `function`."""
    return Functions(
        lambda: function,
        "train",
        metric,
        **{"abilities": Abilities(), "examples": examples(), "own": OwnExamples(3), **more},
    )


def started(
    function: Callable[..., Any],
    assignment: Assignment = SEARCH,
    config: dict[str, Any] | None = None,
    open_test: Callable[[], Any] = lambda: (np.zeros((5, 3)), np.zeros(5, dtype=np.int64)),
    **more: Any,
) -> FunctionTraining:
    """Return a training by `function` at its beginning."""
    return trainer(function, **more).start(config or {"x": 0.5}, assignment, open_test)


def scored(function: Callable[..., Any], assignment: Assignment = SEARCH, **more: Any) -> Score:
    """Return the score of a training by `function` that is not left alone."""
    return started(function, assignment, **more).advance(100)


def with_groups(groups: int) -> Assignment:
    """Return the assignment of a trial with so many groups."""
    return replace(SEARCH, cuts=tuple(Cut(40, group) for group in range(groups)))


def written(folder: Path, text: str, name: str = "train.py") -> Path:
    """Write a file of a user's."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
