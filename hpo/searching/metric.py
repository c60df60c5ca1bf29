"""The metric that a study is about: what its values mean, and how they become scores, of which more is always better.

Decisions look at scores alone. People, files and the database see values, in the metric's own units and direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["maximize", "minimize"]
DIRECTIONS: tuple[Direction, ...] = ("maximize", "minimize")
LARGEST = 1e100
"""A value beyond this is none that anybody has measured, and its square would leave no finite mean."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its direction; `low` and `high` bound its values, `guess` is what guessing reaches.

    What is None is not known, or not bounded. `is_share`: its values are shares of something, from 0 to 1, and are
    shown in percent, and their differences in points.
    """

    name: str = "accuracy"
    direction: Direction = "maximize"
    low: float | None = 0.0
    high: float | None = 1.0
    guess: float | None = None
    is_share: bool = True

    @property
    def maximized(self) -> bool:
        """Whether larger values are better."""
        return self.direction == "maximize"

    def score(self, value: float) -> float:
        """Return the score of a value: larger is better."""
        return value if self.maximized else 0.0 - value

    def value(self, score: float) -> float:
        """Return the value whose score that is."""
        return score if self.maximized else 0.0 - score

    @property
    def worst(self) -> float | None:
        """The score that nothing falls below, where values are bounded on that side."""
        bound = self.low if self.maximized else self.high
        return None if bound is None else self.score(bound)

    @property
    def best(self) -> float | None:
        """The score that nothing exceeds, where values are bounded on that side."""
        bound = self.high if self.maximized else self.low
        return None if bound is None else self.score(bound)

    @property
    def span(self) -> float | None:
        """How far the best score lies above the worst, where values are bounded on both sides."""
        return None if self.best is None or self.worst is None else self.best - self.worst

    @property
    def long_tail(self) -> bool:
        """Whether bad luck reaches further than good luck, as has been measured for accuracies."""
        return self.is_share

    def fault(self, value: float) -> str | None:
        """Return what is wrong with `value` as one of this metric, or None."""
        if not math.isfinite(value):
            return f"{self.name} is {value}, which is no finite number"
        if abs(value) > LARGEST:
            return f"{self.name} is {value:g}; what lies beyond {LARGEST:g} is taken for a failure"
        below = self.low is not None and value < self.low - ROUNDING
        if below or (self.high is not None and value > self.high + ROUNDING):
            low, high = ("" if each is None else f"{each:g}" for each in (self.low, self.high))
            return f"{self.name} is {value:g}, outside its bounds {low} .. {high}"
        return None


ROUNDING = 1e-9
"""By so much a value may lie beyond its bounds: sums of floats give an AUC of 1.0000000000000002."""

ACCURACY = Metric()
"""The share of examples that a classifier gets right: what our networks are scored by."""

KNOWN: Mapping[str, Mapping[str, Any]] = {
    "accuracy": {},
    "balanced_accuracy": {},
    "f1": {"is_share": False},
    "auc": {"guess": 0.5, "is_share": False},
    "average_precision": {"is_share": False},
    "error_rate": {"direction": "minimize"},
    "log_loss": {"direction": "minimize", "high": None, "is_share": False},
    "loss": {"direction": "minimize", "low": None, "high": None, "is_share": False},
    "rmse": {"direction": "minimize", "high": None, "is_share": False},
    "mse": {"direction": "minimize", "high": None, "is_share": False},
    "mae": {"direction": "minimize", "high": None, "is_share": False},
    "r2": {"low": None, "guess": 0.0, "is_share": False},
    "reward": {"low": None, "high": None, "is_share": False},
}
"""What is known of usual metrics by their names, beside what an accuracy has."""
