"""What guessing scores: predicting the same for every example, without a look at it. A config must beat that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo.searching.metric import Metric


def guess(metric: Metric, y: NDArray[np.integer] | NDArray[np.floating], classes: int) -> float | None:
    """Return the value of `metric` that the best constant prediction reaches on the targets `y` (N,).

    classes: how many there are, 0 for the numbers of a regression. What the metric declares itself holds. None where it
    is not known: for a metric that nobody knows, or one of the other task.
    """
    if metric.guess is not None:
        return metric.guess
    if not len(y):
        return None
    if classes:
        return _of_classes(metric.name, np.bincount(y, minlength=classes) / len(y))
    return _of_amounts(metric.name, y.astype(np.float64))


def _of_classes(name: str, shares: NDArray[np.float64]) -> float | None:
    there = shares[shares > 0]
    match name:
        case "accuracy":
            return float(shares.max())
        case "error_rate":
            return float(1 - shares.max())
        case "balanced_accuracy":
            return 1 / len(there)
        case "log_loss":
            return float(-(there * np.log(there)).sum())
        case "average_precision" if len(shares) == 2:
            return float(shares[1])
    return None


def _of_amounts(name: str, y: NDArray[np.float64]) -> float | None:
    match name:
        case "rmse":
            return float(y.std())
        case "mse":
            return float(y.var())
        case "mae":
            return float(np.abs(y - np.median(y)).mean())
    return None
