"""The figure of overfitting on all of the data: train, validation and test accuracy of each good value, and the gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hpo.proof.estimates import Estimate
from hpo.proof.final_runs import LARGE_GAP, FullResult
from hpo.record.results import StudyResults
from hpo.reports.figures.framing import add_legend
from hpo.reports.figures.good_values import row_label, used
from hpo.reports.figures.palette import GOOD, GREY, INK, TEST, TRAIN, VALIDATION
from hpo.reports.figures.rows import frame_percents, no_effect_legend, rows_figure
from hpo.reports.words.formatting import config_text, count_text, percent, points_text

MARKS = (("train", TRAIN, "^", 7), ("validation", VALIDATION, "o", 9), ("test", TEST, "s", 6))
"""Names, colours, shapes and sizes: where validation and test are the same, the one is seen behind the other."""
_BESIDE = 1.35
"""Inches right of the panel, for the gaps in words."""


def gaps_figure(results: StudyResults) -> Figure | None:
    """Return a row for each good value that was trained on all of the data, with a line from test to train.

    Dots are means over seeds. A gap above LARGE_GAP is said to overfit.
    """
    full = used(results)
    good = [each for each in results.good if each.key in full]
    if not good:
        return None
    labels = [row_label(results, each, full[each.key]) for each in good]
    detail = f"overfitting on all of the data{no_effect_legend(results)}"
    rows = rows_figure(results, detail, labels, columns=1, right=_BESIDE)
    axes = rows.panels[0]
    values = []
    edge: Mapping[str, Any] = {"markeredgecolor": INK, "markeredgewidth": 0.6}
    for each, y in zip(good, rows.middles, strict=True):
        found = full[each.key]
        values += [100 * accuracy.mean for accuracy in accuracies(found).values()]
        ends = [100 * found.test.mean, 100 * found.train.mean]
        axes.plot(ends, [y, y], color=GREY, linewidth=1.4, linestyle="-", zorder=2)
        for name, colour, marker, size in MARKS:
            mean = 100 * accuracies(found)[name].mean
            axes.plot(mean, y, marker, color=colour, markersize=size, zorder=3, **edge)
        text = f"gap {points_text(found.gap)} points" + ("\noverfits" if found.overfits else "")
        axes.annotate(
            text,
            (1, y),
            (8, 0),
            ("axes fraction", "data"),
            "offset points",
            va="center",
            fontsize=8.5,
            color=GOOD if found.overfits else INK,
            fontweight="bold" if found.overfits else "normal",
            annotation_clip=False,
        )
    frame_percents(axes, values, "accuracy, %")
    handles = [
        Line2D([], [], linestyle="", color=colour, marker=marker, markersize=size, label=name, **edge)
        for name, colour, marker, size in MARKS
    ]
    handles.append(Line2D([], [], color=GREY, linewidth=1.4, label="gap, train - test"))
    add_legend(rows.figure, handles)
    return rows.figure


def gaps_alt(results: StudyResults) -> str:
    """Return the accuracies on all of the data in words, with the gap of each good value."""
    full = used(results)
    said = []
    for good in results.good:
        if good.key in full:
            found = full[good.key]
            numbers = ", ".join(f"{name} {percent(each.mean)}" for name, each in accuracies(found).items())
            flag = ": it overfits" if found.overfits else ""
            said.append(
                f"{good.rank}: {config_text(good.config)}, {numbers}, gap {points_text(found.gap)} points{flag}"
            )
    limit = points_text(LARGE_GAP)
    over = sum(full[good.key].overfits for good in results.good if good.key in full)
    return (
        "Train, validation and test accuracy on all of the data, in percent, of "
        f"{count_text(len(said), 'good value')}; {over or 'none'} with a gap above {limit} points. {'. '.join(said)}."
    )


def accuracies(found: FullResult) -> dict[str, Estimate]:
    """Return the three accuracies by their names."""
    return {"train": found.train, "validation": found.validation, "test": found.test}
