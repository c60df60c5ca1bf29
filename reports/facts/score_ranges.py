"""Between which values the scores of trials lie, for the axes of figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from hpo.reports.facts.outcomes import Outcome
from hpo.searching.metric import Metric

FAR = 3.0
"""Values further from the better half than so many times its span leave the frame: a diverged one hides the rest."""


def known_values(metric: Metric, ended: Iterable[Outcome]) -> list[float]:
    """Return the values of those that did not fail and have a score."""
    scores = [each.score for each in ended if each.state != "failed" and each.score is not None]
    return [metric.value(score) for score in scores if math.isfinite(score)]


def value_or(metric: Metric, outcome: Outcome, otherwise: float) -> float:
    """Return an outcome's value; `otherwise` of what failed or has none."""
    if outcome.state == "failed" or outcome.score is None or not math.isfinite(outcome.score):
        return otherwise
    return metric.value(outcome.score)


def inside(value: float, ends: tuple[float, float]) -> float:
    """Return `value`, or the end of the axis beyond which it lies."""
    return min(max(value, ends[0]), ends[1])


def worst_end(metric: Metric, ends: tuple[float, float]) -> float:
    """Return the end of an axis where what failed is drawn."""
    return ends[0] if metric.maximized else ends[1]


def value_range(metric: Metric, values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis for `values`: of a share the whole of it, else what they span, with some room.

    Of values without bounds, those that lie far on the worse side stay out of the frame: it would show nothing else.
    """
    if metric.is_share:
        return 0.0, 1.0
    if not values:
        return 0.0, 1.0
    best_first = np.sort(np.array(values))[:: -1 if metric.maximized else 1]
    half = best_first[: max(2, (len(best_first) + 1) // 2)]
    span = abs(float(half[-1] - half[0])) or abs(float(half[0])) * 0.1 or 1.0
    reach = float(half[-1]) + FAR * span * (-1 if metric.maximized else 1)
    worst = max(best_first[-1], reach) if metric.maximized else min(best_first[-1], reach)
    low, high = sorted((float(best_first[0]), float(worst)))
    margin = 0.06 * ((high - low) or span)
    return low - margin, high + margin
