"""Timing that a noisy machine cannot tilt: all sides take turns in short blocks, and ratios are taken within a turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Side: TypeAlias = Callable[[int], object]
"""Does so many units of work: steps, trials, evaluations."""

OURS = "ours"
LONG = 3  # blocks: the first unit of a side that takes as long counts as a measurement, and is its warming up
SLOW = 15  # blocks: a side whose unit takes as long does not take part in every round ...
SELDOM = 3  # ... but in one of so many


@dataclass(frozen=True)
class Spread:
    """A median with the 10 % and 90 % quantiles around it, of `count` values."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        low, median, high = (float(value) for value in np.quantile(values, [0.1, 0.5, 0.9]))
        return cls(median, low, high, len(values))


@dataclass(frozen=True)
class Timing:
    """Seconds a unit: `seconds[side][round]`, for the rounds, from 0, that the side took part in."""

    seconds: Mapping[str, Mapping[int, float]]

    def unit(self, side: str = OURS) -> Spread:
        """Return what a unit takes on `side`, in seconds."""
        return Spread.of(list(self.seconds[side].values()))

    def ratio(self, side: str, base: str = OURS) -> Spread:
        """Return the time of `side` over that of `base`, round by round: above 1, `base` is faster."""
        return Spread.of([seconds / self.seconds[base][turn] for turn, seconds in self.seconds[side].items()])


def interleave(
    sides: Mapping[str, Side],
    *,
    rounds: int,
    block_seconds: float = 0.2,
    tick: Callable[[int], None] = lambda turn: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Time `sides` in `rounds` rounds: one block of about `block_seconds` for each, the order turned every round.

    A side of which a single unit takes SLOW blocks takes part in every third round only. tick: is told the number
    of each round, from 1, before it starts; 0 is the warming up.
    """
    tick(0)
    blocks = {name: _block_of(run, block_seconds, clock) for name, run in sides.items()}
    units = {name: block for name, (block, _) in blocks.items()}
    slow = {name for name, (_, unit) in blocks.items() if unit >= SLOW * block_seconds and name != OURS}
    return take_turns(sides, units, rounds=rounds, seldom=slow, tick=tick, clock=clock)


def take_turns(
    sides: Mapping[str, Side],
    units: Mapping[str, int],
    *,
    rounds: int,
    seldom: Collection[str] = (),
    tick: Callable[[int], None] = lambda turn: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Time blocks of `units[side]` units, with nothing before; `seldom`: the sides of every third round only."""
    taken: dict[str, dict[int, float]] = {name: {} for name in sides}
    for turn in range(rounds):
        tick(turn + 1)
        order = [name for name in sides if name not in seldom or turn % SELDOM == 0]
        for name in order if turn % 2 == 0 else reversed(order):
            taken[name][turn] = _time(sides[name], units[name], clock) / units[name]
    return Timing(taken)


def _block_of(run: Side, block_seconds: float, clock: Callable[[], float]) -> tuple[int, float]:
    """Return how many units fill a block, and what one takes; it warms up on the way."""
    seconds, units = _time(run, 1, clock), 1
    if seconds < LONG * block_seconds:  # the first unit allocates and imports
        while (seconds := _time(run, units, clock)) < block_seconds / 4:
            units *= 2
    unit = seconds / units
    return max(1, round(block_seconds / unit)), unit


def _time(run: Side, units: int, clock: Callable[[], float]) -> float:
    started = clock()
    run(units)
    return clock() - started
