"""The declared metric as a scorer of scikit-learn: its name there, and back to the metric's own direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hpo.searching.metric import Metric
from hpo.storage.errors import UserError
from hpo.storage.targets import Task

Scorer = Callable[[Any, Any, Any], float]
"""Takes a fitted estimator, x and y, and returns the metric's value."""

OF_CLASSES = ("accuracy", "balanced_accuracy", "f1", "auc", "average_precision", "error_rate", "log_loss")
OF_AMOUNTS = ("rmse", "mse", "mae", "r2")

_NAMES = {
    "error_rate": "accuracy",
    "log_loss": "neg_log_loss",
    "rmse": "neg_root_mean_squared_error",
    "mse": "neg_mean_squared_error",
    "mae": "neg_mean_absolute_error",
}
_OF_TWO = {"auc": "roc_auc"}
_OF_MANY = {"auc": "roc_auc_ovr", "f1": "f1_macro"}


def scorer_name(metric: Metric, classes: int) -> str:
    """Return what scikit-learn calls `metric`, for so many classes (0: a regression)."""
    by_classes = _OF_TWO if classes <= 2 else _OF_MANY
    return by_classes.get(metric.name) or _NAMES.get(metric.name) or metric.name


def scorer(metric: Metric, task: Task, classes: int) -> Scorer:
    """Return what gives a fitted estimator's value of `metric`. Raises UserError where the metric does not fit."""
    from sklearn.metrics import get_scorer, get_scorer_names  # noqa: PLC0415 - an extra

    known = {"classification": OF_CLASSES, "regression": OF_AMOUNTS}
    for other, names in known.items():
        if metric.name in names and other != task:
            raise UserError(
                f'metric = "{metric.name}" is for a {other}, and the target makes this a {task}; take one of '
                f"{', '.join(known[task])}"
            )
    name = scorer_name(metric, classes)
    if name not in get_scorer_names():
        raise UserError(
            f"metric.name = {metric.name!r} is no scorer of scikit-learn; take one of {', '.join(known[task])}, or a "
            "name of sklearn.metrics.get_scorer_names()"
        )
    inner = _of_probabilities(metric.name, classes) or (_accuracy if name == "accuracy" else get_scorer(name))
    turned = name.startswith("neg_") and metric.name != name
    if metric.maximized == turned and metric.name != "error_rate":
        right = "minimize" if turned else "maximize"
        raise UserError(f'metric.direction: {metric.name} is a scorer of scikit-learn with direction = "{right}"')

    def value(estimator: Any, x: Any, y: Any) -> float:
        found = float(inner(estimator, x, y))
        if metric.name == "error_rate":
            return 1.0 - found
        return 0.0 - found if turned else found

    return value


def _accuracy(estimator: Any, x: Any, y: Any) -> float:
    """Return scikit-learn's accuracy, without what its scorer checks each time, which takes longer than a small fit."""
    return float(np.mean(hits(estimator, x, y)))


def _of_probabilities(name: str, classes: int) -> Scorer | None:
    """Return the scorer of a metric that scikit-learn refuses where the examples scored lack a class.

    Of auc and many classes it is the mean over those that occur, each against all others; with all of them there, it is
    scikit-learn's. None for other metrics.
    """
    from sklearn.metrics import log_loss, roc_auc_score  # noqa: PLC0415 - an extra

    def probabilities(estimator: Any, x: Any) -> Any:
        found = np.zeros((len(x), classes))
        found[:, np.asarray(estimator.classes_, dtype=int)] = estimator.predict_proba(x)
        return found

    def of_log_loss(estimator: Any, x: Any, y: Any) -> float:
        return -float(log_loss(y, probabilities(estimator, x), labels=np.arange(classes)))

    def of_auc(estimator: Any, x: Any, y: Any) -> float:
        found, there = probabilities(estimator, x), np.unique(y)
        return float(np.mean([roc_auc_score(y == each, found[:, each]) for each in there]))

    if name == "log_loss":
        return of_log_loss
    return of_auc if name == "auc" and classes > 2 else None


def hits(estimator: Any, x: Any, y: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which examples (N,) a classifier gets right."""
    right: np.ndarray[Any, np.dtype[np.bool_]] = np.asarray(estimator.predict(x)).ravel() == y
    return right
