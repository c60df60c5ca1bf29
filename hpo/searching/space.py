"""Where a search may look: hyperparameters with their limits and start, and the box that rounds move inside them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from hpo.searching.conditions import Conditions, active_names
from hpo.searching.relations import Relation

Value = float | int | str | bool | None
Config = Mapping[str, Value]
"""One assignment of hyperparameters: name to value. One that is not active is not there."""


def number(config: Config, name: str) -> float:
    """Return the value of a numeric hyperparameter; KeyError where it is not active."""
    value = config[name]
    if value is None:
        raise TypeError(f"{name} is null, not a number")
    return float(value)


LARGEST_GRID = 200_000
"""Beyond, it is not counted which of a grid's combinations are the same, or are left out by a relation."""


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
    """A float or an integer. All geometry happens on its axis: log10 of the value if `log`, else the value itself.

    With `every`, only the lower limit and what lies a whole number of such steps above it are values.
    """

    start: Interval
    limits: Interval
    log: bool = False
    integer: bool = False
    every: float | None = None

    def to_axis(self, value: float) -> float:
        """Return where `value` lies on the axis."""
        return math.log10(value) if self.log else float(value)

    def from_axis(self, position: float) -> float | int:
        """Return the value at `position`, inside the limits, rounded if it is an integer."""
        value = 10.0**position if self.log else position
        value = min(max(value, self.limits.low), self.limits.high)
        if self.every is not None:
            value = self._nearest(value, self.every)
        return round(value) if self.integer else value

    def _nearest(self, value: float, every: float) -> float:
        """Return the value on a step that is nearest, as the decimal number that people would write."""
        steps = round((value - self.limits.low) / every)
        return float(Decimal(str(self.limits.low)) + steps * Decimal(str(every)))

    def axis(self, interval: Interval) -> tuple[float, float]:
        """Return the two ends of `interval` on the axis."""
        return self.to_axis(interval.low), self.to_axis(interval.high)

    @property
    def step(self) -> float:
        """Return one decade on a log axis; on a linear one, which has no decades, a quarter of the limits' width.

        A step of whole numbers is at least 1, and one of rounded numbers `every`, or rounding would undo it.
        """
        if self.log:
            return 1.0
        low, high = self.axis(self.limits)
        return max((high - low) / 4, self._grain)

    @property
    def _grain(self) -> float:
        """Return how far apart values are at least."""
        return self.every or (1.0 if self.integer else 0.0)

    def at(self, interval: Interval, share: float) -> float | int:
        """Return the value at `share` (0..1) of the way through `interval` on the axis.

        Where values are rounded, an interval reaches half a unit beyond its ends, so that the ends are drawn as often
        as the rest.
        """
        low, high = self._reach(interval)
        value = self.from_axis(low + share * (high - low))
        return min(max(value, interval.low), interval.high)

    def share(self, interval: Interval, value: float) -> float:
        """Return how far (0..1) through `interval` on the axis `value` lies: what `at` undoes."""
        low, high = self._reach(interval)
        return (self.to_axis(value) - low) / (high - low) if high > low else 0.0

    def _reach(self, interval: Interval) -> tuple[float, float]:
        half = self._grain / 2
        return self.axis(Interval(interval.low - half, interval.high + half) if half else interval)

    def clip(self, low: float, high: float) -> Interval:
        """Return the axis positions `low..high` as an interval inside the limits."""
        bottom, top = self.axis(self.limits)
        ends = [self.limits.low if low <= bottom else self.from_axis(low)]
        ends.append(self.limits.high if high >= top else self.from_axis(high))
        return Interval(*ends)

    def distribution(self, interval: Interval) -> BaseDistribution:
        """Return `interval` as an Optuna distribution."""
        if self.integer:
            return IntDistribution(int(interval.low), int(interval.high), log=self.log, step=int(self.every or 1))
        return FloatDistribution(interval.low, interval.high, log=self.log, step=self.every)


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
    """Where one round looks: a region for each hyperparameter, inside the limits.

    A config lies in it if each of its values does; what is inactive lies nowhere else.
    """

    regions: Mapping[str, Region]

    def __contains__(self, config: object) -> bool:
        return isinstance(config, Mapping) and all(
            config[name] in region for name, region in self.regions.items() if name in config
        )

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
    """The declared hyperparameters, in their order of declaration, and what is said of them beside their ranges."""

    hyperparameters: Mapping[str, Hyperparameter]
    conditions: Mapping[str, Conditions] = field(default_factory=dict)
    """When a hyperparameter is active; one that is not named here always is."""
    relations: tuple[Relation, ...] = ()
    """What must hold of every config."""
    fixed: Mapping[str, Value] = field(default_factory=dict)
    """What is passed to every training and is not searched."""
    beliefs: Mapping[str, Value] = field(default_factory=dict)
    """Where the user thinks that good values are, see `priors`."""

    @property
    def is_free(self) -> bool:
        """Whether every value goes with every other: nothing is conditional, and no relation must hold."""
        return not (self.conditions or self.relations)

    def whole(self, config: Config) -> dict[str, Value]:
        """Return `config` with what is fixed beside it: what a training is given."""
        return {**self.fixed, **config}

    def active(self, values: Config) -> list[str]:
        """Return the names of the hyperparameters that are active where all of them have these `values`."""
        return active_names(self.hyperparameters, self.conditions, self.whole(values))

    def allows(self, config: Config) -> bool:
        """Say whether all relations hold of `config`."""
        return not self.relations or all(each.holds(self.whole(config)) for each in self.relations)

    def fitting(self, values: Config) -> dict[str, Value] | None:
        """Return the config that these `values` of all hyperparameters make: the active ones; None if it may not be."""
        config = {name: values[name] for name in self.active(values)} if self.conditions else dict(values)
        return config if self.allows(config) else None

    def completed(self, config: Config, box: Box) -> dict[str, Value]:
        """Return `config` with the middle of its region in `box` for what is inactive, in the order of declaration.

        For what looks at all hyperparameters of all trials at once: values in one place set no trials apart.
        """
        middle = {name: self.at(box, name, 0.5) for name in self.hyperparameters if name not in config}
        return {name: config[name] if name in config else middle[name] for name in self.hyperparameters}

    def at(self, box: Box, name: str, share: float) -> Value:
        """Return the value of a hyperparameter at `share` (0..1) of the way through its region."""
        hyperparameter = self.hyperparameters[name]
        if isinstance(hyperparameter, Numeric):
            return hyperparameter.at(box.interval(name), share)
        return hyperparameter.at(box.choices(name), share)

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

        What may not be is left out, and what differs in nothing that is active is there once. Raises TypeError for a
        numeric hyperparameter, whose values nobody named.
        """
        if self.is_free:
            return list(self._combinations())
        found: dict[tuple[tuple[str, Value], ...], dict[str, Value]] = {}
        for values in self._combinations():
            if (config := self.fitting(values)) is not None:
                found.setdefault(tuple(config.items()), config)
        return list(found.values())

    def _combinations(self) -> Iterator[dict[str, Value]]:
        limits = self.limits()
        choices = [limits.choices(name) for name in self.hyperparameters]
        for each in itertools.product(*choices):
            yield dict(zip(self.hyperparameters, each, strict=True))

    def grid_size(self) -> int:
        """Return how many configs `grid` has, in a moment; TypeError as there."""
        limits = self.limits()
        size = math.prod(len(limits.choices(name)) for name in self.hyperparameters)
        return size if self.is_free or size > LARGEST_GRID else len(self.grid())

    def distributions(self, box: Box | None = None) -> dict[str, BaseDistribution]:
        """Return Optuna's distributions over `box`, or over the limits."""
        box = box or self.limits()
        return {
            name: h.distribution(box.interval(name)) if isinstance(h, Numeric) else h.distribution(box.choices(name))
            for name, h in self.hyperparameters.items()
        }


def on_steps(space: SearchSpace, values: Mapping[str, Any]) -> dict[str, Value]:
    """Return `values` with each number exactly on its step, where it has steps: others round otherwise."""
    return {name: _on_step(space.hyperparameters[name], value) for name, value in values.items()}


def _on_step(hyperparameter: Hyperparameter, value: Any) -> Value:
    stepped = isinstance(hyperparameter, Numeric) and hyperparameter.every is not None
    found: Value = hyperparameter.from_axis(value) if isinstance(hyperparameter, Numeric) and stepped else value
    return found


def unpacked(value: Value) -> Any:
    """Return the list or the table whose JSON text `value` is; any other value as it is."""
    return json.loads(value) if isinstance(value, str) and value.startswith(("[", "{")) else value
