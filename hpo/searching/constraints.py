"""Bounds on what a trial may cost beside its score: its gap, its latency, whatever its trainer reports.

The gap is train score minus validation score, so it is above 0 where a trial does better on what it was trained on,
whichever direction the metric has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GAP = "gap"
"""The metric that every trainer has which tells a train value."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """What `metric` may be: at most, at least, or both."""

    metric: str
    at_most: float | None = None
    at_least: float | None = None

    def excess(self, values: Mapping[str, float]) -> float:
        """Return by how much the metric of `values` breaks the bound; at most 0 where it keeps to it.

        Raises KeyError where it was not reported.
        """
        value = values[self.metric]
        over = [value - self.at_most] if self.at_most is not None else []
        under = [self.at_least - value] if self.at_least is not None else []
        return max(over + under)

    def __str__(self) -> str:
        bounds = [("at most", self.at_most), ("at least", self.at_least)]
        return f"{self.metric} {' and '.join(f'{word} {each:g}' for word, each in bounds if each is not None)}"


def worst_excess(constraints: Sequence[Constraint], values: Mapping[str, float]) -> float | None:
    """Return the largest excess, each in the units of its own metric; None without constraints or with one unknown."""
    if not constraints or any(each.metric not in values for each in constraints):
        return None
    return max(each.excess(values) for each in constraints)
