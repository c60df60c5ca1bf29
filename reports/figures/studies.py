"""The figure of several studies: the test accuracy of what each says to use, as dots and bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpo.record.results import StudyResults
from hpo.reports.figures.drawing import HALO, new_figure, people_text, set_headlines, wrapped
from hpo.reports.figures.framing import dress
from hpo.reports.figures.palette import INK, TEST
from hpo.reports.words.formatting import CONFIDENCE_TEXT, interval_percent, percent
from hpo.reports.words.summary import Summary, summary

ROW, LETTERS = 0.55, 30
"""Inches for a study, and how many letters of its name fit on a line."""


def studies_figure(studies: Sequence[StudyResults]) -> Figure | None:
    """Return a row for each study whose test accuracy is known, with its interval; None where there is none."""
    found = [each for each in map(summary, studies) if each.test.runs]
    if not found:
        return None
    figure = new_figure(8.0, 1.7 + ROW * len(found))
    axes = figure.add_subplot()
    for y, each in enumerate(found):
        _draw_row(axes, each, y)
    ends = [100 * end for each in found for end in (each.test.mean, *_ends(each))]
    room = max(0.2, 0.12 * (max(ends) - min(ends)))
    axes.set_xlim(min(ends) - room, min(max(ends) + room, 100.5))
    axes.set_ylim(len(found) - 0.4, -0.6)
    names = [wrapped(each.name, LETTERS) for each in found]
    axes.set_yticks(range(len(found)), names, **people_text(fontsize=9, color=INK))
    axes.set_xlabel("test accuracy, %", color=INK)
    dress(axes, grid="x")
    set_headlines(figure, "Studies side by side", f"what each says to use, on test images, {CONFIDENCE_TEXT} interval")
    return figure


def studies_alt(studies: Sequence[StudyResults]) -> str:
    """Return what the figure shows, in numbers."""
    told = [f"{each.name} {accuracy_text(each)}" for each in map(summary, studies) if each.test.runs]
    return f"Test accuracy of what each study says to use: {'; '.join(told)}."


def accuracy_text(each: Summary) -> str:
    """Return `97.2 % (96.8 .. 97.4)`, without an interval where there is none, `-` where nothing is known."""
    if not each.test.runs:
        return "-"
    interval = interval_percent(each.test)
    return f"{percent(each.test.mean)} %" + (f" ({interval})" if interval != "-" else "")


def _draw_row(axes: Axes, each: Summary, y: int) -> None:
    mean = 100 * each.test.mean
    ends = [100 * end for end in _ends(each)]
    if ends:
        axes.plot(ends, [y, y], color=TEST, linewidth=2.2, solid_capstyle="butt", zorder=3)
    axes.plot(mean, y, "s", markersize=7, color=TEST, markeredgecolor=INK, markeredgewidth=0.6, zorder=4)
    style = people_text(fontsize=8.5, color=INK, ha="center", path_effects=HALO, zorder=5)
    axes.annotate(percent(each.test.mean), (mean, y), (0, 6), textcoords="offset points", **style)


def _ends(each: Summary) -> list[float]:
    """Return the ends of the interval, cut at 0 and 1; none where there is no interval."""
    return [] if math.isnan(each.test.low) else [max(0.0, each.test.low), min(1.0, each.test.high)]
