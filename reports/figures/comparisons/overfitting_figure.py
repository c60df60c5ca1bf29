"""The figure of overfitting: train, validation and test accuracy by epoch, and where validation loss turned.

After figures 6-20, 6-21 and 6-23 of "Deep Learning from Scratch".
"""

from __future__ import annotations

import math

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpo.proof.comparison import ComparedConfig
from hpo.record.results import StudyResults
from hpo.reports.facts.curves import averaged_text
from hpo.reports.facts.overfitting import course
from hpo.reports.figures.comparisons.accuracy_panel import Drawn, draw_accuracies
from hpo.reports.figures.comparisons.frames import label_epochs, say_nothing_ended
from hpo.reports.figures.comparisons.line_labels import spread_labels
from hpo.reports.figures.drawing import HALO, new_figure, people_text, set_title, settle
from hpo.reports.figures.palette import INK
from hpo.reports.words.formatting import count_text, example
from hpo.reports.words.numbers import difference_words
from hpo.searching.metric import Metric

WIDE = 4
"""With more panels, each is small, and a legend names the lines."""
LARGE_ENOUGH = 0.12
"""A gap under this share of the axis has no room for a label inside."""


def overfitting_figure(results: StudyResults) -> Figure:
    """Return a panel for each config; all share their axes, so that gaps can be compared."""
    compared, metric = results.compared, results.definition.metric
    wide = len(compared) <= WIDE
    columns = min(2 if wide else 4, max(1, len(compared)))
    rows = max(1, math.ceil(len(compared) / columns))
    width, height = (5.2, 3.9) if wide else (2.9, 2.4)
    figure = new_figure(max(7.5, width * columns), height * rows + 0.8)
    grid = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    drawn: list[Drawn] = []
    for axes, each in zip(grid, compared, strict=False):
        drawn.append(draw_accuracies(axes, results, each, labelled=wide))
        if metric.is_share:
            axes.set_ylim(0, 1.03)  # so that a line at 1 is seen whole
        axes.tick_params(labelbottom=True)
        _mark_turn(axes, results, each, labelled=wide)
        if drawn[-1].bands and wide:
            _mark_gap(axes, metric, each)
    for axes in grid[max(0, len(compared) - columns) : len(compared)]:
        label_epochs(axes)
    for axes in grid[len(compared) :]:
        axes.set_axis_off()
    if not compared:
        return say_nothing_ended(figure, grid[0], results, f"{metric.name} by epoch")
    figure.supylabel(metric.name, **people_text(fontsize=10, color=INK))
    if not wide:
        _legend(figure, grid[: len(compared)])
    n_train = max(run.n_train for each in compared for run in each.runs)
    set_title(figure, results, f"{count_text(n_train, f'training {example(results)}')}, {averaged_text(results)}")
    settle(figure)
    for axes, each_drawn in zip(grid, drawn, strict=False):
        spread_labels(axes, each_drawn.labels)
    return figure


def _mark_turn(axes: Axes, results: StudyResults, compared: ComparedConfig, *, labelled: bool) -> None:
    """Draw a line where mean validation loss was smallest, if it turned there."""
    went = course(results, compared)
    if went is None or went.turn is None:
        if went is not None and labelled:
            _note(axes, "validation loss did not rise again", 1.0, "right")
        return
    turn = went.turn.epoch
    axes.axvline(turn, color=INK, linewidth=1.1, linestyle=(0, (2, 2)), label="lowest validation loss", zorder=1.5)
    if labelled:
        late = turn > 0.5 * axes.get_xlim()[1]
        share = turn / axes.get_xlim()[1]
        _note(axes, f"lowest validation loss\nat epoch {turn:.0f}", share, "right" if late else "left")


def _note(axes: Axes, text: str, x: float, align: str) -> None:
    """Write `text` at the foot of the panel, where accuracies have left after the first epochs."""
    style = people_text(fontsize=9, color=INK, path_effects=HALO, ha=align, va="bottom")
    offset = (-5 if align == "right" else 5, 5)
    axes.annotate(text, (x, 0.04), offset, xycoords="axes fraction", textcoords="offset points", **style)


def _mark_gap(axes: Axes, metric: Metric, compared: ComparedConfig) -> None:
    """Draw a bracket between the values in training and test near the end, with the gap."""
    # The label names the mean of all runs, as the tables do; the bracket goes where the ends of the lines are.
    low, high = metric.value(compared.test.mean), metric.value(compared.train.mean)
    if math.isnan(low) or math.isnan(high) or any(run.reason for run in compared.runs):
        return
    x = 0.95 * axes.get_xlim()[1]
    text = f"gap {difference_words(metric, compared.gap.mean)}"
    whole = 1.0 if metric.is_share else abs(axes.get_ylim()[1] - axes.get_ylim()[0])
    if compared.runs and abs(high - low) >= LARGE_ENOUGH * whole:
        arrow = {"arrowstyle": "|-|", "color": INK, "linewidth": 1.1, "mutation_scale": 3.0, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (x, high), (x, low), arrowprops=arrow)
        y, above = (low + high) / 2, "center"
    else:
        y, above = min(low, high) - 0.05 * whole, "top"
    style = people_text(fontsize=9, color=INK, path_effects=HALO, ha="right", va=above)
    axes.annotate(text, (x, y), (-6, 0), textcoords="offset points", **style)


def _legend(figure: Figure, panels: list[Axes]) -> None:
    handles: dict[str, Artist] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside lower center",
            ncols=len(handles),
            frameon=False,
            fontsize=9,
        )
