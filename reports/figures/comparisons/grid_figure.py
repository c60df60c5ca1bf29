"""The figure of a grid: a small panel for each value of its second hyperparameter, a line for each of the first.

After figure 6-19 of "Deep Learning from Scratch": batch normalisation over 16 scales of the initial weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hpo.proof.comparison import ComparedConfig
from hpo.record.results import StudyResults
from hpo.reports.facts.curves import averaged_text, band, diverged
from hpo.reports.figures.comparisons.frames import label_epochs, say_nothing_ended
from hpo.reports.figures.drawing import new_figure, people_text, set_title
from hpo.reports.figures.palette import GREY, GRID, INK, line_colour, line_dashes
from hpo.reports.words.formatting import compact_label, count_text, example
from hpo.searching.space import Config, Value

COLUMNS = 4


def grid_figure(results: StudyResults) -> Figure:
    """Return the metric on training examples by epoch; with one hyperparameter there is one panel, a line a value."""
    names, metric = list(results.definition.space.hyperparameters), results.definition.metric
    inner, outer = names[:1], names[1:]
    panels: dict[tuple[tuple[str, Value], ...], list[ComparedConfig]] = {}
    for each in results.compared:
        panels.setdefault(tuple(_some(each.config, outer).items()), []).append(each)
    lines = list(dict.fromkeys(compact_label(_some(each.config, inner)) for each in results.compared))
    columns = min(COLUMNS, max(1, len(panels)))
    rows = max(1, math.ceil(len(panels) / columns))
    figure = new_figure(max(7.5, 2.5 * columns), max(4.6, 1.9 * rows + 1.3))
    axes_of = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for axes, (values, mine) in zip(axes_of, panels.items(), strict=False):
        heading = compact_label(dict(values))
        axes.set_title(heading, loc="left", color=INK, **people_text(fontsize=9))
        lost = 0
        for each in mine:
            label = compact_label(_some(each.config, inner))
            i = lines.index(label)
            found = band(results, each, "train_accuracy")
            if found is not None:
                axes.plot(found.epochs, found.mean, color=line_colour(i), linestyle=line_dashes(i), linewidth=1.6)
                if found.runs > 1:
                    axes.fill_between(
                        found.epochs, found.low, found.high, color=line_colour(i), alpha=0.18, linewidth=0
                    )
            if failed := diverged(each):
                note = people_text(fontsize=7.5, color=GREY)
                text = f"{label}: {failed}"
                axes.annotate(
                    text, (0, 1), (4, -10 - 10 * lost), xycoords="axes fraction", textcoords="offset points", **note
                )
                lost += 1
        if metric.is_share:
            axes.set_ylim(0, 1.03)
        axes.set_xlim(0, max(run.epochs for each in mine for run in each.runs))
        axes.tick_params(labelsize=8, colors=INK)
        axes.grid(color=GRID, linewidth=0.6)
    for axes in axes_of[max(0, len(panels) - columns) : len(panels)]:
        axes.tick_params(labelbottom=True)
        label_epochs(axes)
    for axes in axes_of[len(panels) :]:
        axes.set_axis_off()
    if not panels:
        return say_nothing_ended(figure, axes_of[0], results, f"train {metric.name} by epoch")
    figure.supylabel(f"train {metric.name}", **people_text(fontsize=10, color=INK))
    handles = [
        Line2D([], [], color=line_colour(i), linestyle=line_dashes(i), linewidth=1.6, label=label)
        for i, label in enumerate(lines)
        if label
    ]
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=min(4, len(handles)), frameon=False, fontsize=9
        )
    n_train = max(run.n_train for each in results.compared for run in each.runs)
    trained = count_text(n_train, f"training {example(results)}")
    set_title(figure, results, f"train {metric.name} by epoch, {trained}, {averaged_text(results)}")
    return figure


def _some(config: Config, names: Sequence[str]) -> dict[str, Value]:
    """Return the values of `names` that are active in `config`."""
    return {name: config[name] for name in names if name in config}
