"""What a score comes to in the queue: whether it is a failure, what constraints see of it, which curve is kept."""

from __future__ import annotations

import math

import numpy as np

from hpo.searching.constraints import GAP
from hpo.searching.metric import Metric
from hpo.storage.records import Curve, CurvePoint
from hpo.training.protocol import Score


def ending_fault(metric: Metric, score: Score) -> str | None:
    """Return why a trial that stands at `score` has failed, or None.

    What diverged has the worst value that its metric has; where there is none, it failed.
    """
    if score.reason:
        return score.reason if metric.worst is None else None
    return metric.fault(score.value)


def constrained_values(metric: Metric, score: Score) -> dict[str, float]:
    """Return what constraints may be about; nothing of what diverged."""
    if score.reason:
        return {}
    gap = {} if score.train is None else {GAP: metric.score(score.train) - metric.score(score.value)}
    return {"seconds": score.seconds, **score.others, **gap}


def curve_of(score: Score) -> Curve:
    """Return the learning curve and the hits of `score` as they are kept; what is no finite number is not known."""
    points = tuple(
        CurvePoint(
            point.group,
            point.step,
            point.epoch,
            known(point.train_loss),
            known(point.train),
            known(point.validation_loss),
            point.value,
            point.seconds,
            known(point.test),
        )
        for point in score.points
        if known(point.value) is not None
    )
    groups = 1 + max((point.group for point in score.points), default=0)
    return Curve(points, np.zeros((groups, 0), dtype=np.bool_) if score.hits is None else score.hits)


def known(number: float | None) -> float | None:
    """Return `number` where it is finite."""
    return number if number is not None and math.isfinite(number) else None
