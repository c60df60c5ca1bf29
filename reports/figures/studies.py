"""The figure of several studies: what each says to use reaches on the test set, as dots and bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpo.record.results import StudyResults
from hpo.reports.figures.drawing import HALO, new_figure, people_text, set_headlines, wrapped
from hpo.reports.figures.framing import dress
from hpo.reports.figures.palette import INK, TEST
from hpo.reports.figures.values import name_values
from hpo.reports.words.numbers import CONFIDENCE_TEXT, ends_of, mean_text, plotted, shown_value
from hpo.reports.words.summary import Summary, shared_metric, summary, test_words

ROW, LETTERS = 0.55, 30
"""Inches for a study, and how many letters of its name fit on a line."""


def studies_figure(studies: Sequence[StudyResults]) -> Figure | None:
    """Return a row for each study whose test score is known, with its interval; None where there is none.

    Nor is there a figure where the studies have different metrics: they share no axis.
    """
    found = [each for each in map(summary, studies) if each.test.runs]
    metric = shared_metric(found)
    if metric is None:
        return None
    figure = new_figure(8.0, 1.7 + ROW * len(found))
    axes = figure.add_subplot()
    for y, each in enumerate(found):
        _draw_row(axes, each, y)
    ends = [end for each in found for end in (plotted(metric, each.test.mean), *_ends(each))]
    room = max(0.2 if metric.is_share else 1e-3 * abs(max(ends)), 0.12 * (max(ends) - min(ends)))
    axes.set_xlim(min(ends) - room, min(max(ends) + room, 100.5) if metric.is_share else max(ends) + room)
    axes.set_ylim(len(found) - 0.4, -0.6)
    names = [wrapped(each.name, LETTERS) for each in found]
    axes.set_yticks(range(len(found)), names, **people_text(fontsize=9, color=INK))
    name_values(axes.xaxis, metric, f"test {metric.name}", axes.get_xlim(), color=INK)
    dress(axes, grid="x")
    set_headlines(figure, "Studies side by side", f"what each says to use, on test images, {CONFIDENCE_TEXT} interval")
    return figure


def studies_alt(studies: Sequence[StudyResults]) -> str:
    """Return what the figure shows, in numbers."""
    found = [each for each in map(summary, studies) if each.test.runs]
    shared = shared_metric(found)
    told = [f"{each.name} {test_words(each)}" for each in found]
    return f"Test {'score' if shared is None else shared.name} of what each study says to use: {'; '.join(told)}."


def _draw_row(axes: Axes, each: Summary, y: int) -> None:
    mean, ends = plotted(each.metric, each.test.mean), _ends(each)
    if ends:
        axes.plot(ends, [y, y], color=TEST, linewidth=2.2, solid_capstyle="butt", zorder=3)
    axes.plot(mean, y, "s", markersize=7, color=TEST, markeredgecolor=INK, markeredgewidth=0.6, zorder=4)
    style = people_text(fontsize=8.5, color=INK, ha="center", path_effects=HALO, zorder=5)
    axes.annotate(mean_text(each.metric, each.test), (mean, y), (0, 6), textcoords="offset points", **style)


def _ends(each: Summary) -> list[float]:
    """Return the ends of the interval as they are drawn, cut where the metric ends; none where there is no interval."""
    return (
        [] if math.isnan(each.test.low) else [shown_value(each.metric, end) for end in ends_of(each.metric, each.test)]
    )
