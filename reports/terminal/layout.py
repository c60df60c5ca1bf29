"""How a table is laid out on a terminal: a column for each hyperparameter where they fit, else one for all."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

WIDTH = 80

Row = tuple[str, Sequence[str], Sequence[str]]
"""The cells of a row: the first, one for each hyperparameter, the rest."""


def panel(title: str, parts: Sequence[RenderableType]) -> RenderableType:
    """Return `parts` under a title, at most WIDTH wide."""
    return Constrain(Group(Text(""), Text(title, style="bold"), Text(""), *parts), WIDTH)


def config_table(first: str, names: Sequence[str], rest: Sequence[str], rows: Sequence[Row]) -> Table:
    """Return a table with the headers `first`, the hyperparameters `names`, and `rest`.

    Where it would be wider than WIDTH, the hyperparameters share one column, a line each.
    """
    wide = _table([first, *names, *rest], [[row[0], *row[1], *row[2]] for row in rows])
    if Console(width=10 * WIDTH, file=io.StringIO()).measure(wide).maximum <= WIDTH:
        return wide
    stacked: list[list[str | RenderableType]] = [[row[0], _pairs(names, row[1]), *row[2]] for row in rows]
    return _table([first, "config", *rest], stacked, stacked=True)


def label_table(first: str, rest: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Table:
    """Return a table of labels, which wrap between words where room is short, and cells, which stay whole."""
    table = _table([first, *rest], [[label, *cells] for label, cells in rows])
    for column in table.columns[1:]:
        column.no_wrap = True
    return table


def paragraphs(labelled: Sequence[tuple[str, str]]) -> Table:
    """Return texts that wrap beside their labels."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for label, text in labelled:
        grid.add_row(Text(label), Text(text))
    return grid


def _table(header: Sequence[str], rows: Sequence[Sequence[str | RenderableType]], stacked: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for i, name in enumerate(header):
        config = stacked and i == 1
        left = i == 0 or config
        table.add_column(
            Text(name), justify="left" if left else "right", no_wrap=stacked and not config, overflow="fold"
        )
    for row in rows:
        table.add_row(*[Text(cell) if isinstance(cell, str) else cell for cell in row])
    return table


def _pairs(names: Sequence[str], values: Sequence[str]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in zip(names, values, strict=True):
        grid.add_row(Text(name), Text(value))
    return grid
