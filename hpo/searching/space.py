"""Where a search may look: hyperparameters with their limits and start, and the box that rounds move inside them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

Value = float | int | str | bool
Config = Mapping[str, Value]
"""One assignment of hyperparameters: name to value."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval `low..high` of a numeric hyperparameter, in its own units."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:.3g} .. {self.high:.3g}"


@dataclass(frozen=True, slots=True)
class Numeric:
    """A float or an integer. All geometry happens on its axis: log10 of the value if `log`, else the value itself."""

    start: Interval
    limits: Interval
    log: bool = False
    integer: bool = False

    def to_axis(self, value: float) -> float:
        """Return where `value` lies on the axis."""
        return math.log10(value) if self.log else float(value)

    def from_axis(self, position: float) -> float | int:
        """Return the value at `position`, inside the limits, rounded if it is an integer."""
        value = 10.0**position if self.log else position
        value = min(max(value, self.limits.low), self.limits.high)
        return round(value) if self.integer else value

    def axis(self, interval: Interval) -> tuple[float, float]:
        """Return the two ends of `interval` on the axis."""
        return self.to_axis(interval.low), self.to_axis(interval.high)

    @property
    def step(self) -> float:
        """Return one decade on a log axis; on a linear one, which has no decades, a quarter of the limits' width.

        A step of whole numbers is at least 1, or rounding would undo it.
        """
        if self.log:
            return 1.0
        low, high = self.axis(self.limits)
        return max((high - low) / 4, 1.0 if self.integer else 0.0)

    def at(self, interval: Interval, share: float) -> float | int:
        """Return the value at `share` (0..1) of the way through `interval` on the axis.

        An integer's interval reaches half a unit beyond its ends, so that the ends are drawn as often as the rest.
        """
        low, high = self._reach(interval)
        value = self.from_axis(low + share * (high - low))
        return min(max(value, interval.low), interval.high)

    def share(self, interval: Interval, value: float) -> float:
        """Return how far (0..1) through `interval` on the axis `value` lies: what `at` undoes."""
        low, high = self._reach(interval)
        return (self.to_axis(value) - low) / (high - low) if high > low else 0.0

    def _reach(self, interval: Interval) -> tuple[float, float]:
        return self.axis(Interval(interval.low - 0.5, interval.high + 0.5) if self.integer else interval)

    def clip(self, low: float, high: float) -> Interval:
        """Return the axis positions `low..high` as an interval inside the limits."""
        bottom, top = self.axis(self.limits)
        ends = [self.limits.low if low <= bottom else self.from_axis(low)]
        ends.append(self.limits.high if high >= top else self.from_axis(high))
        return Interval(*ends)

    def distribution(self, interval: Interval) -> BaseDistribution:
        """Return `interval` as an Optuna distribution."""
        if self.integer:
            return IntDistribution(int(interval.low), int(interval.high), log=self.log)
        return FloatDistribution(interval.low, interval.high, log=self.log)


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of a few choices.

    A choice that is a list (hidden sizes, say), or a table that sets several fields at once, travels as its JSON text.
    """

    choices: tuple[Value, ...]

    def at(self, choices: tuple[Value, ...], share: float) -> Value:
        """Return the choice at `share` (0..1) of the way through `choices`."""
        return choices[min(int(share * len(choices)), len(choices) - 1)]

    def distribution(self, choices: tuple[Value, ...]) -> BaseDistribution:
        """Return `choices` as an Optuna distribution."""
        return CategoricalDistribution(choices)


Hyperparameter = Numeric | Categorical


def to_try(hyperparameter: Hyperparameter) -> tuple[Value, ...]:
    """Return the values that whoever trains must be able to take: both ends of the limits, or every choice."""
    if isinstance(hyperparameter, Numeric):
        low, high = hyperparameter.limits.low, hyperparameter.limits.high
        return hyperparameter.from_axis(hyperparameter.to_axis(low)), high
    return hyperparameter.choices


Region = Interval | tuple[Value, ...]
"""Where one hyperparameter is looked for: an interval, or some of the choices."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where one round looks: a region for each hyperparameter, inside the limits."""

    regions: Mapping[str, Region]

    def __contains__(self, config: object) -> bool:
        return isinstance(config, Mapping) and all(config[name] in region for name, region in self.regions.items())

    def __getitem__(self, name: str) -> Region:
        return self.regions[name]

    def interval(self, name: str) -> Interval:
        """Return the interval of the numeric hyperparameter `name`."""
        region = self.regions[name]
        if not isinstance(region, Interval):
            raise TypeError(f"{name} is categorical and has no interval")
        return region

    def choices(self, name: str) -> tuple[Value, ...]:
        """Return the choices of the categorical hyperparameter `name`."""
        region = self.regions[name]
        if isinstance(region, Interval):
            raise TypeError(f"{name} is numeric and has no choices")
        return region

    def record(self) -> dict[str, list[Any]]:
        """Return the box as JSON-able lists: [low, high], or the choices."""
        return {
            name: [region.low, region.high] if isinstance(region, Interval) else list(region)
            for name, region in self.regions.items()
        }


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The declared hyperparameters, in their order of declaration."""

    hyperparameters: Mapping[str, Hyperparameter]

    def start(self) -> Box:
        """Return where round 1 looks."""
        return Box({n: h.start if isinstance(h, Numeric) else h.choices for n, h in self.hyperparameters.items()})

    def limits(self) -> Box:
        """Return the widest box there is."""
        return Box({n: h.limits if isinstance(h, Numeric) else h.choices for n, h in self.hyperparameters.items()})

    def box(self, record: Mapping[str, list[Any]]) -> Box:
        """Return the box that `Box.record` wrote down."""
        return Box(
            {
                name: Interval(*record[name]) if isinstance(h, Numeric) else tuple(record[name])
                for name, h in self.hyperparameters.items()
            }
        )

    def grid(self) -> list[dict[str, Value]]:
        """Return every combination of the choices, the last hyperparameter the fastest; without any, one empty config.

        Raises TypeError for a numeric hyperparameter, whose values nobody named.
        """
        limits = self.limits()
        choices = [limits.choices(name) for name in self.hyperparameters]
        return [dict(zip(self.hyperparameters, each, strict=True)) for each in itertools.product(*choices)]

    def grid_size(self) -> int:
        """Return how many configs `grid` has, without making them; TypeError as there."""
        limits = self.limits()
        return math.prod(len(limits.choices(name)) for name in self.hyperparameters)

    def distributions(self, box: Box | None = None) -> dict[str, BaseDistribution]:
        """Return Optuna's distributions over `box`, or over the limits."""
        box = box or self.limits()
        return {
            name: h.distribution(box.interval(name)) if isinstance(h, Numeric) else h.distribution(box.choices(name))
            for name, h in self.hyperparameters.items()
        }


def unpacked(value: Value) -> Any:
    """Return the list or the table whose JSON text `value` is; any other value as it is."""
    return json.loads(value) if isinstance(value, str) and value.startswith(("[", "{")) else value
