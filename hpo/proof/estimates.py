"""A mean of independent runs with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo.searching.metric import ACCURACY, Metric

CONFIDENCE = 0.90

TAIL_OF_BAD_LUCK = 0.02
"""The share of the 10 % by which an interval of accuracies may miss that lies below it; the rest lies above."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of fresh runs, with the ends of its t interval.

    All are scores (of an accuracy the accuracy itself, 0..1), or differences of scores: more is better. `in_units`
    makes values of them.
    """

    mean: float
    low: float
    high: float
    runs: int

    def in_units(self, metric: Metric) -> Estimate:
        """Return the same in the units and direction of `metric`, `low` still below `high`: for people to read.

        Of a minimized metric low and high change places. It is right for differences of scores, too: what was better
        by .2 is a difference of -.2 in a loss.
        """
        if metric.maximized:
            return self
        return Estimate(metric.value(self.mean), metric.value(self.high), metric.value(self.low), self.runs)


def estimate(scores: Sequence[float], metric: Metric = ACCURACY) -> Estimate:
    """Return the mean score of independent fresh runs with its 90 % t interval, which of shares reaches further down.

    mean - t(n - 1, .98) sd / sqrt(n) .. mean + t(n - 1, .92) sd / sqrt(n) for shares, for other metrics .95 on both
    sides; cut at the bounds of `metric`, where it has any. What too few runs cannot tell is nan. Accuracies have a long
    tail of bad luck, and few runs without a bad one flatter. For normal runs any two tails that sum to 10 % hold 90 %.
    Measured with the pooled residuals of the best tenth of 96 configs on 400 images, five to ten runs: MNIST 90-91 %,
    Fashion-MNIST 87-93 %; equal tails hold 87-88 % and 83-89 %, at nine tenths of the width. Johnson's (1978) modified
    t and the logit scale add less than a point to equal tails; Hall's (1992) cubic adds three but is half as wide
    again, and loses up to ten where the tail is heavier.
    """
    if not scores:
        return Estimate(math.nan, math.nan, math.nan, 0)
    mean = float(np.mean(scores))
    if len(scores) == 1:
        return Estimate(mean, math.nan, math.nan, 1)
    below = TAIL_OF_BAD_LUCK if metric.long_tail else (1 - CONFIDENCE) / 2
    low = mean - _half_width(scores, below)
    high = mean + _half_width(scores, 1 - CONFIDENCE - below)
    low = low if metric.worst is None else max(metric.worst, low)
    high = high if metric.best is None else min(metric.best, high)
    return Estimate(mean, low, high, len(scores))


def estimate_difference(differences: Sequence[float]) -> Estimate:
    """Return the mean of paired differences with its 90 % t interval, which nothing cuts: a difference has any sign."""
    mean = float(np.mean(differences)) if differences else math.nan
    half = _half_width(differences, (1 - CONFIDENCE) / 2)
    return Estimate(mean, mean - half, mean + half, len(differences))


def _half_width(values: Sequence[float], tail: float) -> float:
    """Return t(n - 1, 1 - tail) * sd / sqrt(n), `tail` being the share beyond it; nan for fewer than two values."""
    if len(values) < 2:
        return math.nan
    from scipy.special import stdtrit  # noqa: PLC0415 - .2 s to load, which workers need not wait for

    return float(stdtrit(len(values) - 1, 1 - tail)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
