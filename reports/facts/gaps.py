"""When a gap between train and test is called overfitting, in the units of the declared metric."""

from __future__ import annotations

from hpo.proof.final_runs import LARGE_GAP
from hpo.searching.metric import Metric


def large_gap(metric: Metric) -> float | None:
    """Return the gap above which a config is said to overfit (FullResult.overfits); None where nobody can say."""
    return None if metric.span is None else LARGE_GAP * metric.span
