"""A table that people read: columns, rows and notes as texts, for the terminal, the page and the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its first cell, a cell for each hyperparameter, the rest. `trial` is the search's that it is about."""

    mark: str
    values: Sequence[str]
    cells: Sequence[str]
    recommended: bool = False
    trial: int | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table. `names` are the columns of hyperparameters, which may share one column where room is short.

    `notes` are findings, a sentence each; `legend` says how to read the columns and marks.
    """

    title: str
    first: str
    names: Sequence[str]
    rest: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    legend: Sequence[str] = ()

    @property
    def head(self) -> list[str]:
        """The titles of all columns."""
        return [self.first, *self.names, *self.rest]

    @property
    def lines(self) -> list[list[str]]:
        """The cells of all rows."""
        return [[row.mark, *row.values, *row.cells] for row in self.rows]

    @property
    def strong(self) -> list[int]:
        """The places of the rows to be seen first."""
        return [i for i, row in enumerate(self.rows) if row.recommended]
