"""Figures whose panels are placed by hand, in inches: an engine that measures every text takes seconds for twenty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hpo.record.results import StudyResults
from hpo.reports.figures.drawing import DPI, headline_height, headlines, people_text, set_headlines
from hpo.reports.figures.palette import GREY, GRID, INK, PAPER

HATCHED: Mapping[str, Any] = {"facecolor": PAPER, "edgecolor": GREY, "hatch": "////", "linewidth": 0.8}
"""The look of a bar that counts for less: told from a full one without any colour."""


@dataclass(frozen=True, slots=True)
class Room:
    """Inches around the panels, and between them across and down."""

    left: float = 0.75
    right: float = 0.2
    above: float = 0.12
    below: float = 0.55
    across: float = 0.25
    down: float = 0.45


def framed(
    results: StudyResults,
    detail: str,
    *,
    width: float,
    panel: float,
    room: Room,
    rows: int = 1,
    columns: int = 1,
    count: int | None = None,
    share: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with its headlines and `count` panels, `panel` inches high, row by row; `share` their axes."""
    over = headline_height(width, *headlines(results, detail))
    height = room.below + rows * panel + (rows - 1) * room.down + room.above + over
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    set_headlines(figure, *headlines(results, detail))
    wide = (width - room.left - room.right - (columns - 1) * room.across) / columns
    panels: list[Axes] = []
    for i in range(rows * columns if count is None else count):
        row, column = divmod(i, columns)
        left = room.left + column * (wide + room.across)
        bottom = room.below + (rows - 1 - row) * (panel + room.down)
        first = panels[0] if share and panels else None
        place = (left / width, bottom / height, wide / width, panel / height)
        panels.append(figure.add_axes(place, sharex=first, sharey=first))
    return figure, panels


def dress(axes: Axes, *, grid: str = "both") -> None:
    """Give `axes` the look of all: grey ticks and frame, and a faint grid behind what is drawn."""
    axes.tick_params(labelsize=8.5, colors=INK, width=0.8)
    if grid != "none":
        axes.grid(axis=grid, color=GRID, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    fade_frame(axes)


def fade_frame(axes: Axes) -> None:
    """Leave the frame at the left and below, in grey."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)


def add_legend(figure: Figure, handles: Sequence[Artist], *, left: float | None = None) -> None:
    """Put a legend of one row at the foot of `figure`, from `left` inches on, else in the middle."""
    width, height = figure.get_size_inches()
    figure.legend(
        handles=list(handles),
        loc="lower center" if left is None else "lower left",
        bbox_to_anchor=(0.5 if left is None else left / width, 0.04 / height),
        ncols=len(handles),
        frameon=False,
        borderaxespad=0.0,
        borderpad=0.2,
        columnspacing=1.4,
        handletextpad=0.5,
        fontsize=8.5,
        labelcolor=INK,
    )


def note(axes: Axes, text: str) -> None:
    """Write `text` into the middle of empty `axes`."""
    axes.set_axis_off()
    style = people_text(ha="center", va="center", color=GREY, fontsize=11)
    axes.text(0.5, 0.5, text, transform=axes.transAxes, **style)
