"""Scores without a bound: what a failure counts as, and how far a single absurd one may reach.

An accuracy of 0 is the worst there is, and no more than one point away from the best. A squared error has no worst, and
one diverged training may have one of 1e30: beside it, all others are the same. So what is decided by the size of scores
(whether another round pays, a Gaussian process of Optuna's, the race, the certificate) looks at them clipped; what goes
by ranks need not. A score that people see is never clipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from hpo.searching.metric import Metric

Floats = NDArray[np.float64]

REACH = 10.0
"""How far a score may lie below the best quarter, in distances between that and the best tenth.

For normal scores it is more than five standard deviations below their mean: nothing is clipped that is not absurd.
"""


def failed_score(metric: Metric, others: Iterable[float]) -> float:
    """Return the score of what failed: the worst there is, or without a bound the worst of the `others`.

    It is finite, and nothing is invented; where there are no others either, it is 0.
    """
    if metric.worst is not None:
        return metric.worst
    return min((score for score in others if math.isfinite(score)), default=0.0)


def clipped(metric: Metric, scores: Sequence[float] | Floats) -> Floats:
    """Return `scores`, of any shape, with absurdly bad ones moved to where they are only very bad.

    Only where the metric has no worst value. With the quartile q of the best quarter and the best tenth t, nothing lies
    below q - 10 (t - q): taken from the best, so that the limit holds even where most trainings diverge. The order
    stays, but for ties. What is good is never clipped, as it is what a search is for; nan stays nan.
    """
    table = np.asarray(scores, dtype=np.float64)
    order = np.sort(table[np.isfinite(table)])[::-1]
    if metric.worst is not None or not len(order):
        return table
    tenth, quarter, half = (float(order[int(share * len(order))]) for share in (0.1, 0.25, 0.5))
    # Where the best are all the same, the next distance that there is says what is far.
    steps = (tenth - quarter, quarter - half, half - float(order[-1]))
    lowest = quarter - REACH * next((step for step in steps if step > 0), 0.0)
    kept: Floats = np.maximum(table, lowest)
    return kept
