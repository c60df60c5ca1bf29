"""The figure of a network that learns almost everything: its accuracies by epoch, near the top of the axis."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpo.record.results import StudyResults
from hpo.reports.facts.curves import averaged_text
from hpo.reports.figures.comparisons.accuracy_panel import Drawn, draw_accuracies
from hpo.reports.figures.comparisons.frames import label_epochs, say_nothing_ended
from hpo.reports.figures.comparisons.line_labels import spread_labels
from hpo.reports.figures.drawing import new_figure, people_text, set_title, settle
from hpo.reports.figures.palette import INK
from hpo.reports.words.formatting import count_text, example

FRAME = 2.5
"""The axis shows so many times the errors that are left at the end: what happens near 1 is what matters here."""


def learning_curves_figure(results: StudyResults) -> Figure:
    """Return the metric in training, validation and test by epoch, a panel a config, zoomed to where they end."""
    compared, metric = results.compared, results.definition.metric
    columns = min(2, max(1, len(compared)))
    rows = max(1, math.ceil(len(compared) / columns))
    figure = new_figure(7.5 if columns == 1 else 10.4, 4.4 * rows + 0.8)
    grid = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    drawn: list[Drawn] = []
    for axes, each in zip(grid, compared, strict=False):
        drawn.append(draw_accuracies(axes, results, each, labelled=True))
        label_epochs(axes)
        axes.tick_params(labelbottom=True)
    for axes in grid[len(compared) :]:
        axes.set_axis_off()
    if not compared:
        return say_nothing_ended(figure, grid[0], results, f"{metric.name} by epoch")
    if metric.is_share and metric.maximized:
        _zoom(grid[0], drawn)
    figure.supylabel(metric.name, **people_text(fontsize=10, color=INK))
    n_train = max(run.n_train for each in compared for run in each.runs)
    set_title(figure, results, f"{count_text(n_train, f'training {example(results)}')}, {averaged_text(results)}")
    settle(figure)
    for axes, each_drawn in zip(grid, drawn, strict=False):
        spread_labels(axes, each_drawn.labels)
    return figure


def _zoom(axes: Axes, drawn: list[Drawn]) -> None:
    """Frame the ends of all lines, and what led there; lines come in from below the frame."""
    ends = [float(found.mean[-1]) for each in drawn for found in each.bands.values()]
    errors = 1 - min(ends, default=0.0)
    low = max(0.0, 1 - max(FRAME * errors, 0.005))
    axes.set_ylim(low, 1 + 0.03 * (1 - low))
