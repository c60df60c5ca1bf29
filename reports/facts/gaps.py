"""When a gap between train and test is called overfitting, in the units of the declared metric."""

from __future__ import annotations

import math

from hpo.proof.final_runs import LARGE_GAP, FullResult
from hpo.searching.metric import Metric


def large_gap(metric: Metric) -> float | None:
    """Return the gap above which a config is said to overfit: so much of the metric's range; None without a range."""
    if metric.low is None or metric.high is None:
        return None
    return LARGE_GAP * (metric.high - metric.low)


def overfits(metric: Metric, full: FullResult) -> bool:
    """Say whether the gap of `full` is large; never where it is not known, or nobody can say what is large."""
    bound = large_gap(metric)
    return bound is not None and not math.isnan(full.gap) and full.gap > bound
