"""What figures with a row for each config share: the config in words at the left, panels beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hpo.record.results import StudyResults
from hpo.reports.figures.drawing import people_text, wrapped
from hpo.reports.figures.framing import Room, dress, framed
from hpo.reports.figures.palette import GREY, GRID, INK
from hpo.reports.figures.values import name_values
from hpo.reports.words.formatting import compact_items, item_lines
from hpo.reports.words.no_effect import MARK, names_without_effect
from hpo.reports.words.numbers import shown_value
from hpo.searching.metric import Metric
from hpo.searching.space import Config

WIDTH = 8.0
WORDS, LETTERS = 2.05, 32
"""The column of words: its inches, and how many small letters fit."""
LINE, LEAST = 0.165, 0.46


@dataclass(frozen=True, slots=True)
class Rows:
    """A figure, its panels, and the height of the middle of each row in them, (N,)."""

    figure: Figure
    panels: list[Axes]
    middles: NDArray[np.float64]


def rows_figure(
    results: StudyResults, detail: str, labels: Sequence[str], *, columns: int, right: float = 0.2, below: float = 0.85
) -> Rows:
    """Return a figure with a row for each of `labels`, whose first line stands out, and `columns` panels."""
    words = [wrapped_label(label) for label in labels]
    heights = np.array([max(LEAST, LINE * (text.count("\n") + 1) + 0.14) for text in words])
    room = Room(left=WORDS + 0.15, right=right, below=below, across=0.3, above=0.1)
    figure, panels = framed(
        results, detail, width=WIDTH, panel=float(heights.sum()), room=room, columns=columns, count=columns
    )
    middles = np.cumsum(heights) - heights / 2
    for axes in panels:
        dress(axes, grid="x")
        axes.set_ylim(float(heights.sum()), 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        for end in np.cumsum(heights)[:-1]:
            axes.axhline(end, color=GRID, linewidth=0.6, zorder=0.5)
    for text, middle in zip(words, middles, strict=True):
        first, _, rest = text.partition("\n")
        for line, (part, colour, weight) in enumerate(
            [(first, INK, "bold"), *[(each, GREY, "normal") for each in rest.split("\n") if rest]]
        ):
            total = text.count("\n") + 1
            y = middle + LINE * (line - (total - 1) / 2)
            style = people_text(fontsize=8.5, color=colour, fontweight=weight, va="center", ha="left")
            inch = (0.12 - WORDS - 0.15) / (panels[0].get_position().width * WIDTH)
            panels[0].text(inch, y, part, transform=panels[0].get_yaxis_transform(), **style)
    return Rows(figure, panels, middles)


def wrapped_label(label: str) -> str:
    """Return `label`, its lines broken where they are wider than the column of words."""
    return "\n".join(wrapped(line, LETTERS) for line in label.split("\n"))


def config_lines(results: StudyResults, config: Config) -> str:
    """Return a config in short lines that break between hyperparameters where they can; `~`: no effect detected."""
    no_effect = names_without_effect(results)
    marks = [MARK if name in no_effect else "" for name in config]
    items = (mark + item for mark, item in zip(marks, compact_items(config), strict=True))
    return "\n".join(item_lines(items, LETTERS - 2))


def no_effect_legend(results: StudyResults) -> str:
    """Return what `~` means, to be added to the line under the title; empty where it marks nothing."""
    return f"; {MARK}: no effect detected" if names_without_effect(results) else ""


def frame_values(axes: Axes, metric: Metric, values: Sequence[float], label: str) -> None:
    """Frame `values` as they are `plotted`, with some room at both sides and few ticks; `label` says what they are."""
    low, high = min(values), max(values)
    margin = max(0.06 * (high - low), 0.15 if metric.is_share else 1e-3 * max(abs(low), abs(high)) or 1.0)
    bottom = -math.inf if metric.low is None else shown_value(metric, metric.low)
    top = math.inf if metric.high is None else shown_value(metric, metric.high)
    axes.set_xlim(max(bottom, low - margin), min(top + margin / 2, high + margin))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    name_values(axes.xaxis, metric, label, axes.get_xlim(), fontsize=8.5, color=INK)
