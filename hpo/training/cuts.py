"""Which examples train a run and which score it, as plain data: it can be sent to whoever trains, wherever that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hpo.definition.settings import HeldOut
from hpo.storage.splits import Indices, Partition

Scorers = Literal["search", "race", "confirmation", "holdout"]
"""The examples that score a run: those of every trial of the search; a fresh draw of as many that no trial of the
search has seen, or of those for a confirmation; or all that are held out."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One network's, or model's, share of the examples.

    samples: how many train, None for the whole pool. group: the how-manieth group of so many. within: if given, the
    range of the pool that they are drawn from. scorers and draw: which held-out examples score it, and the
    how-manieth draw of them, where they are drawn.
    """

    samples: int | None
    group: int = 0
    within: tuple[int, int] | None = None
    scorers: Scorers = "search"
    draw: int = 0

    def train(self, split: Partition) -> Indices:
        """Return the indices of the examples that train. Raises UserError where there are not so many."""
        if self.samples is None:
            return split.pool
        samples = min(self.samples, len(split.pool))
        if self.within is not None:
            return split.within(samples, self.group, *self.within)
        return split.group(samples, self.group)

    def validation(self, split: Partition, numbers: HeldOut) -> Indices:
        """Return the indices of the examples that score, of so many that are held out."""
        if self.scorers == "holdout":
            return split.holdout
        if self.scorers == "search":
            return split.validation(numbers.validation)
        wanted = numbers.validation if self.scorers == "race" else numbers.confirmation
        return split.fresh_validation(wanted, k=self.draw, after=numbers.validation)
