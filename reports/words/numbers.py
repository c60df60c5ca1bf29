"""How estimates read: means of scores and of their differences with intervals, as values of the declared metric.

A score is always larger-is-better inside (hpo.searching.metric); here, and in `hpo.searching.metric_text` for single
numbers, it becomes what people read. The ends of a minimized metric's interval change places.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from hpo.proof.estimates import CONFIDENCE, Estimate
from hpo.searching.metric import Metric
from hpo.searching.metric_text import (
    DIGITS,
    DIGITS_OF_DIFFERENCES,
    difference_text,
    difference_words,
    exponent,
    name_of,
    points_of,
    score_text,
    score_words,
    sign_of,
    unseen,
    value_text,
    value_words,
)

__all__ = [
    "CONFIDENCE_TEXT",
    "axis_title",
    "better",
    "change_words",
    "difference_interval",
    "difference_mean",
    "difference_text",
    "difference_words",
    "ends_of",
    "head",
    "interval_sentence",
    "interval_text",
    "interval_words",
    "mean_text",
    "mean_words",
    "metric_column",
    "name_of",
    "named_mean",
    "never_varies",
    "plotted",
    "points_of",
    "score_text",
    "score_words",
    "shown_value",
    "sign_of",
    "span_text",
    "train_gap",
    "unseen",
    "value_text",
    "value_words",
    "worse",
]

CONFIDENCE_TEXT = f"{100 * CONFIDENCE:.0f} %"


def ends_of(metric: Metric, estimate: Estimate) -> tuple[float, float]:
    """Return the lower and the upper end of an estimate's interval as values, cut where the metric ends; or two nan."""
    if math.isnan(estimate.low):
        return math.nan, math.nan
    values = estimate.in_units(metric)
    return (
        values.low if metric.low is None else max(metric.low, values.low),
        values.high if metric.high is None else min(metric.high, values.high),
    )


def mean_text(metric: Metric, estimate: Estimate, decimals: int = 1) -> str:
    """Return the mean of an estimate without its unit, with as many digits as its interval has."""
    return score_text(metric, estimate.mean, decimals, _last(estimate))


def mean_words(metric: Metric, estimate: Estimate, decimals: int = 1) -> str:
    """Return the mean of an estimate for a sentence."""
    return f"{mean_text(metric, estimate, decimals)}{sign_of(metric)}"


def named_mean(metric: Metric, estimate: Estimate) -> str:
    """Return the mean of an estimate for a sentence that does not say of what: `97.5 %`, or `rmse 51.2`."""
    return f"{name_of(metric)}{mean_words(metric, estimate)}"


def interval_text(metric: Metric, estimate: Estimate, decimals: int = 1) -> str:
    """Return the interval of an estimate, `97.3 .. 97.7`; `-` where there is none."""
    if math.isnan(estimate.low) or never_varies(metric, estimate):
        return "-"
    low, high = (value_text(metric, end, decimals, _last(estimate)) for end in ends_of(metric, estimate))
    return f"{low} .. {high}"


def interval_sentence(metric: Metric, estimate: Estimate) -> str:
    """Return the interval for a sentence: `90 % interval: 97.3 to 97.7`, or that there is none."""
    if never_varies(metric, estimate):
        return f"the same in all {estimate.runs} runs, so without an interval"
    text = interval_text(metric, estimate)
    return "no interval from one run" if text == "-" else f"{CONFIDENCE_TEXT} interval: {text.replace(' .. ', ' to ')}"


def never_varies(metric: Metric, estimate: Estimate) -> bool:
    """Say whether all runs gave the same value, and not for being shares of a few examples: nothing is random then."""
    return not metric.is_share and estimate.runs > 1 and estimate.low == estimate.mean == estimate.high


def span_text(metric: Metric, scores: Iterable[float]) -> str:
    """Return the lowest and the highest value of `scores`, `97.3 to 97.7`; once where they read the same."""
    values = sorted(metric.value(score) for score in scores)
    low, high = (value_text(metric, value) for value in (values[0], values[-1]))
    return low if low == high else f"{low} to {high}"


def difference_mean(metric: Metric, estimate: Estimate, *, signed: bool = False) -> str:
    """Return the mean of a difference without its unit, with as many digits as its interval has."""
    return difference_text(metric, estimate.mean, signed=signed, last=_last_of_difference(estimate))


def difference_interval(metric: Metric, estimate: Estimate, *, signed: bool = False) -> str:
    """Return the interval of a difference without its unit, `24.1 .. 26.1`; `-` where there is none."""
    if math.isnan(estimate.low):
        return "-"
    last = _last_of_difference(estimate)
    low, high = (difference_text(metric, end, signed=signed, last=last) for end in (estimate.low, estimate.high))
    return f"{low} .. {high}"


def interval_words(metric: Metric, estimate: Estimate, *, signed: bool = False) -> str:
    """Return the interval of a difference for a sentence, `2.1 to 7.6`; `-` where there is none."""
    return difference_interval(metric, estimate, signed=signed).replace(" .. ", " to ")


def change_words(metric: Metric, change: Estimate) -> str:
    """Return a change with its sign for a sentence: `-0.1 points`."""
    return f"{difference_mean(metric, change, signed=True)}{points_of(metric)}"


def better(metric: Metric) -> str:
    """Return which values are better."""
    return "higher" if metric.maximized else "lower"


def worse(metric: Metric) -> str:
    """Return which values are worse."""
    return "lower" if metric.maximized else "higher"


def train_gap(metric: Metric, other: str = "test") -> str:
    """Return what the gap is, such that more of it is overfitting: `train - test`, or `test - train` of a loss."""
    return f"train - {other}" if metric.maximized else f"{other} - train"


def metric_column(metric: Metric, part: str) -> str:
    """Return the name of a column of a file with values: `validation_accuracy`, `test_rmse`."""
    return f"{part}_{re.sub(r'[^0-9A-Za-z]+', '_', metric.name).strip('_') or 'metric'}"


def head(metric: Metric, name: str) -> str:
    """Return the head of a column of values: `confirmed %`, or `confirmed`."""
    return f"{name}{sign_of(metric)}"


def axis_title(metric: Metric, name: str) -> str:
    """Return the title of an axis of values: `validation accuracy, %`, or `validation rmse`."""
    return f"{name}, %" if metric.is_share else name


def plotted(metric: Metric, score: float) -> float:
    """Return where a score stands on an axis of values: in percent where it is a share."""
    return shown_value(metric, metric.value(score))


def shown_value(metric: Metric, value: float) -> float:
    """Return where a value stands on such an axis."""
    return 100 * value if metric.is_share else value


def _last(estimate: Estimate) -> int | None:
    """Return the power of ten of the last digit that an estimate is shown with, mean and interval alike."""
    if math.isnan(estimate.mean) or math.isnan(estimate.low):
        return None
    own = max(exponent(end) for end in (estimate.mean, estimate.low, estimate.high)) - DIGITS + 1
    return min(own, _last_of_difference(estimate, own) or own)


def _last_of_difference(estimate: Estimate, otherwise: int | None = None) -> int | None:
    width = estimate.high - estimate.low
    return otherwise if math.isnan(width) or not width else exponent(width) - DIGITS_OF_DIFFERENCES + 1
