"""The figure of training losses: one line for each config by update, as in figures 6-9 and 6-15 of the book."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from hpo.record.results import StudyResults
from hpo.reports.facts.curves import Band, averaged_text, band, diverged
from hpo.reports.figures.comparisons.line_labels import LineEnd, label_ends, spread_labels
from hpo.reports.figures.drawing import new_figure, set_title, settle
from hpo.reports.figures.palette import GREY, GRID, INK, line_colour, line_dashes
from hpo.reports.words.formatting import compact_label, value_text

LOG_FROM = 20.0
"""Losses that spread over more than this ratio read better on a log axis: small ones are the interesting ones."""


def loss_figure(results: StudyResults) -> Figure:
    """Return the training loss of each config by update in one panel, each line named at its end."""
    many = len(results.compared) > 14
    figure = new_figure(9.0, max(5.6, 0.17 * len(results.compared) + 1.2))
    axes = figure.add_subplot()
    bands = [band(results, each, "train_loss") for each in results.compared]
    ends: list[LineEnd] = []
    for i, (found, each) in enumerate(zip(bands, results.compared, strict=True)):
        if found is None:
            continue
        colour = line_colour(i)
        if found.runs > 1:
            axes.fill_between(found.steps, found.low, found.high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(found.steps, found.mean, color=colour, linestyle=line_dashes(i), linewidth=1.6)
        failed = diverged(each)
        label = compact_label(each.config) + (f" ({failed})" if failed else "")
        ends.append(LineEnd(label, float(found.mean[-1]), colour))
    if not ends:
        note = "No training has ended yet."
        if results.compared:
            every = all(run.reason for each in results.compared for run in each.runs)
            note = "Every training diverged." if every else "No training tells its loss."
        axes.text(0.5, 0.5, note, ha="center", va="center", color=GREY)
        axes.set_axis_off()
        set_title(figure, results, "training loss by update")
        return figure
    _scale(axes, [found for found in bands if found is not None])
    axes.set_xlim(0, max(found.steps[-1] for found in bands if found is not None))
    axes.set_xlabel("update", fontsize=10, color=INK)
    axes.set_ylabel("training loss (mean cross-entropy, nats)", fontsize=10, color=INK)
    axes.tick_params(labelsize=9, colors=INK)
    axes.grid(color=GRID, linewidth=0.6)
    labels = label_ends(axes, ends, size=7.5 if many else 9.5)
    lost = [compact_label(each.config) for found, each in zip(bands, results.compared, strict=True) if found is None]
    without = f"; diverged, and so not drawn: {'; '.join(lost)}" if lost else ""
    set_title(figure, results, f"training loss by update, {averaged_text(results)}{without}")
    settle(figure)
    spread_labels(axes, labels)
    return figure


def _scale(axes: Axes, bands: list[Band]) -> None:
    """Choose the y axis: log where the means spread widely, with ticks that read like numbers; else from 0."""
    low, high = min(float(each.mean.min()) for each in bands), max(float(each.mean.max()) for each in bands)
    if low <= 0 or high / low < LOG_FROM:
        axes.set_ylim(bottom=0)
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 1e3 else (1.0,), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: value_text(float(value))))
    axes.yaxis.set_minor_formatter(NullFormatter())
