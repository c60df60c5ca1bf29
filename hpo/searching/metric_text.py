"""How scores of the declared metric read as texts: where a score, of which more is better, becomes a value for people.

Shares read in percent with one decimal, and their differences in points. Values of any other metric read in its own
units with three significant digits, or as many as their interval asks for.
"""

from __future__ import annotations

import math

from hpo.searching.metric import ACCURACY, Metric

DIGITS, DIGITS_OF_DIFFERENCES = 3, 2
"""Significant digits of a value that stands alone; of a difference, and of the width of an interval."""

SMALLEST, LARGEST = -4, 7
"""Powers of ten: numbers below and from there on are written as 1.20e-05."""

VISIBLE = 0.0005
"""A difference of shares below this rounds to no points."""


def value_text(metric: Metric, value: float, decimals: int = 1, last: int | None = None) -> str:
    """Return a value without its unit, for tables: `97.5` of a share in percent, `51.2` of others, `-` where unknown.

    Shares have so many `decimals`; others the digit with the power of ten `last` as their last one, else DIGITS.
    """
    if math.isnan(value):
        return "-"
    if metric.is_share:
        return f"{100 * value:.{decimals}f}"
    return rounded(value, exponent(value) - DIGITS + 1 if last is None else last)


def value_words(metric: Metric, value: float, decimals: int = 1, last: int | None = None) -> str:
    """Return a value for a sentence: `97.5 %`, or `51.2` where it is no share."""
    return f"{value_text(metric, value, decimals, last)}{sign_of(metric)}"


def score_text(metric: Metric, score: float, decimals: int = 1, last: int | None = None) -> str:
    """Return a score as a value without its unit."""
    return value_text(metric, metric.value(score), decimals, last)


def score_words(metric: Metric, score: float, decimals: int = 1, last: int | None = None) -> str:
    """Return a score as a value for a sentence: `97.5 %`, or `51.2` where it is no share."""
    return f"{score_text(metric, score, decimals, last)}{sign_of(metric)}"


def difference_text(metric: Metric, difference: float, *, signed: bool = False, last: int | None = None) -> str:
    """Return a difference without its unit: `25.1` or, signed, `+25.1` of points, or in the units of the metric."""
    if math.isnan(difference):
        return "-"
    if metric.is_share:
        points = round(100 * difference, 1) + 0.0  # -0.0 becomes 0.0
        return f"{points:+.1f}" if signed else f"{points:.1f}"
    text = rounded(difference, exponent(difference) - DIGITS_OF_DIFFERENCES + 1 if last is None else last)
    return f"+{text}" if signed and not text.startswith("-") else text


def difference_words(metric: Metric, difference: float, *, signed: bool = False, last: int | None = None) -> str:
    """Return a difference for a sentence: `25.1 points`, or `1.7` where the metric is no share."""
    return f"{difference_text(metric, difference, signed=signed, last=last)}{points_of(metric)}"


def amount_words(metric: Metric, difference: float) -> str:
    """Return how large a difference is, for a sentence: `2.1 points`, `less than 0.1 points`, or `1.7`."""
    if metric.is_share and not round(100 * difference, 1):
        return "less than 0.1 points"
    return difference_words(metric, abs(difference))


def unseen(metric: Metric, difference: float, beside: float) -> bool:
    """Say whether a difference is too small to be seen: it rounds to no points, or is lost in the digits of `beside`.

    `beside` is one of the two scores.
    """
    if metric.is_share:
        return abs(difference) < VISIBLE
    return abs(difference) < 0.5 * 10.0 ** (exponent(beside) - DIGITS + 1)


def name_of(metric: Metric) -> str:
    """Return what stands before a value in a sentence: `rmse `; an accuracy in percent explains itself."""
    return "" if metric.name == ACCURACY.name else f"{metric.name} "


def sign_of(metric: Metric) -> str:
    """Return what follows a value in a sentence: a percent sign, or nothing."""
    return " %" if metric.is_share else ""


def points_of(metric: Metric) -> str:
    """Return what follows a difference in a sentence: the word points, or nothing."""
    return " points" if metric.is_share else ""


def exponent(value: float) -> int:
    """Return the power of ten of a number's first digit, as it is rounded; of 0, and of what is not finite, 0."""
    return int(f"{abs(value):.{DIGITS - 1}e}".partition("e")[2]) if value and math.isfinite(value) else 0


def rounded(value: float, last: int) -> str:
    """Return `value` up to the digit with the power of ten `last`; a 0 has no sign."""
    if not math.isfinite(value):
        return f"{value}"
    power = exponent(value)
    if value and not SMALLEST <= power < LARGEST:
        return f"{value:.{max(0, power - last)}e}"
    text = f"{value:.{max(0, -last)}f}"
    return text if float(text) else text.removeprefix("-")
