"""Where values stand on the axis of one hyperparameter, whatever a figure is drawn with: numbers, or one of choices."""

from __future__ import annotations

import math

from hpo.searching.space import Hyperparameter, Interval, Numeric, Region, Value

BESIDE = 0.18
"""How far the trials of a choice spread around it, where the next choice is 1 away."""
REACH = 0.3
"""How far the line of a round reaches from the middle of a choice."""
FEW_DECADES = 1.5
_GOLDEN = 0.6180339887  # multiples of it are spread evenly however many there are: a place for each trial, not random


def axis_position(hyperparameter: Hyperparameter, value: Value, number: int) -> float:
    """Return where trial `number` stands with `value`: at the value, or beside its choice, so that all are seen."""
    if isinstance(hyperparameter, Numeric) and value is not None:
        return float(value)
    if isinstance(hyperparameter, Numeric):
        raise TypeError("a number that is not active has no place on its axis")
    return hyperparameter.choices.index(value) + BESIDE * (2 * (number * _GOLDEN % 1.0) - 1)


def spans(hyperparameter: Hyperparameter, region: Region) -> list[tuple[float, float]]:
    """Return from where to where a region reaches: an interval, or around each of its choices."""
    if isinstance(region, Interval):
        return [(float(region.low), float(region.high))]
    if isinstance(hyperparameter, Numeric):
        raise TypeError(f"a number is looked for in an interval, not in {region}")
    return [(at - REACH, at + REACH) for at in map(hyperparameter.choices.index, region)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most `most` round numbers of `low` .. `high`: powers of ten, with 2 and 5 times them where few are."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if math.log10(high / low) < FEW_DECADES else (1,)
    ticks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    inside = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
    return inside[:: max(1, math.ceil(len(inside) / most))]
