"""The figure of overfitting on all of the data: train, validation and test accuracy of each good value, and the gap."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hpo.proof.estimates import Estimate
from hpo.proof.final_runs import FullResult
from hpo.record.results import StudyResults
from hpo.reports.facts.gaps import large_gap
from hpo.reports.figures.framing import add_legend
from hpo.reports.figures.good_values import row_label, used
from hpo.reports.figures.palette import GOOD, GREY, INK, TEST, TRAIN, VALIDATION
from hpo.reports.figures.rows import frame_values, no_effect_legend, rows_figure
from hpo.reports.words.formatting import config_text, count_text
from hpo.reports.words.numbers import (
    difference_words,
    mean_text,
    plotted,
    train_gap,
)

MARKS = (("train", TRAIN, "^", 7), ("validation", VALIDATION, "o", 9), ("test", TEST, "s", 6))
"""Names, colours, shapes and sizes: where validation and test are the same, the one is seen behind the other."""
_BESIDE = 1.35
"""Inches right of the panel, for the gaps in words."""


def gaps_figure(results: StudyResults) -> Figure | None:
    """Return a row for each good value that was trained on all of the data, with a line from test to train.

    Dots are means over seeds. A gap above `large_gap` is said to overfit. None where no gap is known.
    """
    full = {key: each for key, each in used(results).items() if not math.isnan(each.gap)}
    good = [each for each in results.good if each.key in full]
    if not good:
        return None
    labels = [row_label(results, each, full[each.key]) for each in good]
    detail = f"overfitting{_where(results)}{no_effect_legend(results)}"
    rows = rows_figure(results, detail, labels, columns=1, right=_BESIDE)
    axes = rows.panels[0]
    values, metric = [], results.definition.metric
    edge: Mapping[str, Any] = {"markeredgecolor": INK, "markeredgewidth": 0.6}
    for each, y in zip(good, rows.middles, strict=True):
        found = full[each.key]
        values += [plotted(metric, each.mean) for each in parts(found).values()]
        ends = [plotted(metric, each.mean) for each in (found.test, found.train)]
        axes.plot(ends, [y, y], color=GREY, linewidth=1.4, linestyle="-", zorder=2)
        for name, colour, marker, size in MARKS:
            mean = plotted(metric, parts(found)[name].mean)
            axes.plot(mean, y, marker, color=colour, markersize=size, zorder=3, **edge)
        large = found.overfits
        text = f"gap {difference_words(metric, found.gap)}" + ("\noverfits" if large else "")
        axes.annotate(
            text,
            (1, y),
            (8, 0),
            ("axes fraction", "data"),
            "offset points",
            va="center",
            fontsize=8.5,
            color=GOOD if large else INK,
            fontweight="bold" if large else "normal",
            annotation_clip=False,
        )
    frame_values(axes, metric, values, metric.name)
    handles = [
        Line2D([], [], linestyle="", color=colour, marker=marker, markersize=size, label=name, **edge)
        for name, colour, marker, size in MARKS
    ]
    handles.append(Line2D([], [], color=GREY, linewidth=1.4, label=f"gap, {train_gap(metric)}"))
    add_legend(rows.figure, handles)
    return rows.figure


def gaps_alt(results: StudyResults) -> str:
    """Return the values on all of the data in words, with the gap of each good value."""
    full, metric = used(results), results.definition.metric
    said = []
    for good in results.good:
        if good.key in full:
            found = full[good.key]
            numbers = ", ".join(f"{name} {mean_text(metric, each)}" for name, each in parts(found).items())
            flag = ": it overfits" if found.overfits else ""
            said.append(
                f"{good.rank}: {config_text(good.config)}, {numbers}, gap {difference_words(metric, found.gap)}{flag}"
            )
    bound = large_gap(metric)
    over = sum(full[good.key].overfits for good in results.good if good.key in full)
    large = "" if bound is None else f"; {over or 'none'} with a gap above {difference_words(metric, bound)}"
    percent = ", in percent," if metric.is_share else ""
    return (
        f"Train, validation and test {metric.name}{_where(results)}{percent} of "
        f"{count_text(len(said), 'good value')}{large}. {'. '.join(said)}."
    )


def _where(results: StudyResults) -> str:
    return " on all of the data" if results.definition.abilities.samples else ""


def parts(found: FullResult) -> dict[str, Estimate]:
    """Return the three scores by their names."""
    return {"train": found.train, "validation": found.validation, "test": found.test}
