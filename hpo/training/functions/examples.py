"""The examples that a training function is given, or whose indices it asks for where it has its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.definition.settings import DataSettings, HeldOut
from hpo.storage.errors import UserError
from hpo.storage.examples import rows_of
from hpo.storage.splits import Indices, Partition, partition
from hpo.training.cuts import Cut

Pair = tuple[Any, NDArray[Any]]
"""Examples x, an array (N, ...) or the rows of a table (a pandas DataFrame), and their targets y (N,)."""


@dataclass(frozen=True, eq=False)
class Examples:
    """The examples of [data] that are not for the test: x and y, divided by `split` with `numbers`."""

    x: Any
    y: NDArray[Any]
    split: Partition
    numbers: HeldOut

    def train(self, cut: Cut) -> Pair:
        """Return those that train, as arrays of their own."""
        return self._at(cut.train(self.split))

    def validation(self, cut: Cut) -> Pair:
        """Return those that score, as arrays of their own."""
        return self._at(cut.validation(self.split, self.numbers))

    def _at(self, indices: Indices) -> Pair:
        return rows_of(self.x, indices), self.y[indices]


def pair(part: Any) -> Pair:
    """Return a part of a dataset as (x, y), whichever of the two ways it has them."""
    return part if isinstance(part, tuple) else (part.x, part.y)


@dataclass
class OwnExamples:
    """How a function's own examples are divided: the same way in all of its trainings, by the study's seed.

    `held_out` gives the numbers for so many examples, of which `declared` are, where the study says so. What was asked
    for first must be asked for ever after.
    """

    seed: int
    held_out: Callable[[int], HeldOut] = DataSettings().held_out
    declared: int | None = None
    _first: tuple[int, str] | None = None
    _split: Partition | None = field(default=None, repr=False)

    def split(self, cut: Cut, n: Any, labels: Any = None) -> tuple[Indices, Indices]:
        """Return the indices (of 0 .. n-1) that train and that score. Raises UserError for another n than before."""
        classes, asked = _classes(n, labels)
        if self.declared not in (None, asked[0]):
            raise UserError(f"run.split({n}), but the study has data.examples = {self.declared}: write {n} there")
        if self._split is None or asked != self._first:
            if self._first is not None and asked[0] != self._first[0]:
                raise UserError(
                    f"run.split({n}) after run.split({self._first[0]}): a study's examples must stay the same ones, or "
                    "its scores can't be compared; pass the number of all of them, not of a part"
                )
            if self._first is not None:
                raise UserError("run.split: other labels than before; a study's examples must stay in the same order")
            self._split = partition(classes, holdout=self.held_out(len(classes)).holdout, seed=self.seed)
            self._first = asked
        numbers = self.held_out(len(classes))
        return cut.train(self._split).copy(), cut.validation(self._split, numbers).copy()


def _classes(n: Any, labels: Any) -> tuple[NDArray[np.int64], tuple[int, str]]:
    """Return the class of each of n examples, and what tells them from others. Raises UserError for bad arguments."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise UserError(f"run.split({n!r}): expected how many examples there are, such as run.split(len(x))")
    if labels is None:
        return np.zeros(int(n), dtype=np.int64), (int(n), "")
    values = np.asarray(labels)
    if values.shape != (n,):
        raise UserError(f"run.split: labels have the shape {values.shape}; expected ({n},), one for each example")
    found, classes = np.unique(values, return_inverse=True)
    if len(found) > max(2, n // 2):
        raise UserError(
            f"run.split: {len(found):,} different labels for {n:,} examples; labels are classes, whose shares are kept "
            "in every part. Leave them out for a regression"
        )
    return classes.astype(np.int64), (int(n), hashlib.sha256(classes.astype(np.int64).tobytes()).hexdigest())
