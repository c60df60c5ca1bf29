"""The figure of optimizers on a valley, f(x, y) = x^2/20 + y^2: each one's path over the contours (figure 6-8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hpo.reports.figures.drawing import HALO, new_figure, people_text, set_headlines
from hpo.reports.figures.palette import FAINT, GREY, INK, line_colour
from hpo.reports.words.formatting import value_text

LEVELS = (0.1, 0.5, 1, 2, 4, 7, 12, 20, 30, 45)
X_LIMITS, Y_LIMITS = (-8.5, 8.5), (-3.6, 3.6)


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """One optimizer's way down the valley: `path` (steps + 1, 2), x and y before the first step and after each."""

    optimizer: str
    learning_rate: float
    path: NDArray[np.float64]

    @property
    def heights(self) -> NDArray[np.float64]:
        """f along the path, (steps + 1,)."""
        return valley(self.path[:, 0], self.path[:, 1])

    def steps_until(self, height: float) -> int | None:
        """Return after how many steps f was first under `height`; None if it never was."""
        under = np.flatnonzero(self.heights < height)
        return int(under[0]) if len(under) else None


def valley(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return f(x, y) = x^2/20 + y^2: twenty times as steep across as along (the book, eq. 6.2)."""
    return x**2 / 20 + y**2


def valley_figure(descents: Sequence[Descent]) -> Figure:
    """Return a panel for each descent: the contours of f, the path with a dot a step, and where it ended."""
    columns = min(2, max(1, len(descents)))
    rows = math.ceil(len(descents) / columns)
    figure = new_figure(5.0 * columns, 2.7 * rows + 0.9)
    grid = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    x, y = np.meshgrid(np.linspace(*X_LIMITS, 200), np.linspace(*Y_LIMITS, 100))
    for i, (axes, each) in enumerate(zip(grid, descents, strict=False)):
        axes.contour(x, y, valley(x, y), levels=LEVELS, colors=FAINT, linewidths=0.7)
        axes.plot(0, 0, marker="+", color=INK, markersize=9, markeredgewidth=1.4, zorder=2)
        colour = line_colour(i)
        axes.plot(*each.path.T, color=colour, linewidth=1.1, marker="o", markersize=3.2, zorder=3)
        start, end = each.path[0], each.path[-1]
        for text, place, offset in (("start", start, (0, 7)), ("end", end, (14, 6) if end[1] > 0.2 else (5, -16))):
            axes.annotate(
                text,
                place,
                offset,
                textcoords="offset points",
                ha="center",
                **people_text(fontsize=8.5, color=colour, path_effects=HALO, zorder=4),
            )
        heading = f"{each.optimizer}, learning rate {value_text(each.learning_rate)}"
        axes.set_title(heading, loc="left", color=INK, fontsize=10)
        axes.set_title(f"f = {float(each.heights[-1]):.2g} at the end", loc="right", color=GREY, fontsize=9)
        axes.set_xlim(*X_LIMITS)
        axes.set_ylim(*Y_LIMITS)
        axes.tick_params(labelsize=8, colors=INK, labelbottom=True)
    for axes in grid[max(0, len(descents) - columns) :]:
        axes.set_xlabel("x", fontsize=9, color=INK)
    for axes in grid[::columns]:
        axes.set_ylabel("y", fontsize=9, color=INK)
    steps = max(len(each.path) - 1 for each in descents)
    detail = (
        f"{steps} steps from ({start[0]:g}, {start[1]:g}), a dot a step; +: the minimum; grey: lines of equal height"
    )
    set_headlines(figure, "four ways down the valley x\u00b2/20 + y\u00b2", detail)
    return figure
