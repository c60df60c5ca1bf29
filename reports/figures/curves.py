"""The learning curves of the best trials side by side, as "Deep Learning from Scratch" draws them (figure 6-24)."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpo.study_results import StudyResults
from reports.figures.drawing import new_figure, people_text, set_title
from reports.figures.palette import GREY, GRID, INK, TRAIN, VALIDATION
from reports.formatting import compact_items, config_text, count_text, percent
from reports.outcomes import Outcome, best_outcomes, mean_curve

BEST, COLUMNS = 20, 5
CAPTION_SIZE, CAPTION_WIDTH = 7.5, 36


def curves_figure(results: StudyResults) -> Figure:
    """Return the accuracy on training and validation images per epoch of the twenty best trials, best first.

    Each panel is the mean over the trial's groups and says its config; all panels share their axes.
    """
    best = best_outcomes(results, BEST)
    columns = min(COLUMNS, max(1, len(best)))
    rows = max(1, math.ceil(len(best) / columns))
    captions = [_caption(outcome) for outcome in best]
    lines = max((caption.count("\n") + 1 for caption in captions), default=1)
    figure = new_figure(max(2.5 * columns, 7.5), (2.1 + CAPTION_SIZE * 1.3 / 72 * lines) * rows + 1.2)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    panels: list[Axes] = list(grid.flat)
    for axes, outcome, caption in zip(panels, best, captions, strict=False):
        _draw(axes, outcome)
        above = 2 + CAPTION_SIZE * 1.3 * lines
        axes.annotate(
            caption,
            (0, 1),
            (0, above),
            xycoords="axes fraction",
            textcoords="offset points",
            va="top",
            **people_text(fontsize=CAPTION_SIZE, color=GREY),
        )
        axes.set_title(_heading(outcome), loc="left", pad=above + 3.5, fontsize=9, color=INK)
    for axes in panels[len(best) :]:
        axes.set_axis_off()
    for axes in panels[max(0, len(best) - columns) : len(best)]:
        axes.tick_params(labelbottom=True)  # the lowest of its column, though perhaps not in the last row
        axes.set_xlabel("epoch", fontsize=9, color=INK)
    if not best:
        panels[0].text(0.5, 0.5, "No trial has a learning curve yet.", ha="center", va="center", color=GREY)
        set_title(figure, results, "learning curves")
        return figure
    figure.supylabel("accuracy", fontsize=10, color=INK)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    groups = results.definition.search.groups
    averaged = f", mean of {groups} groups" if groups > 1 else ""
    set_title(figure, results, f"learning curves of the best {count_text(len(best), 'trial')}{averaged}")
    return figure


def curves_alt(results: StudyResults) -> str:
    """Return in words how high the best trials came, and how far training and validation part."""
    best = [each for each in best_outcomes(results, BEST) if each.curve is not None]
    if not best:
        return "No trial has a learning curve yet."
    ends = [mean_curve(each.curve) for each in best if each.curve is not None]
    gaps = [100 * float(each.train[-1] - each.validation[-1]) for each in ends]
    train, validation = (percent(float(values[-1])) for values in (ends[0].train, ends[0].validation))
    return (
        f"Accuracy by epoch of the best {count_text(len(best), 'trial')}, on training and validation images. The best, "
        f"{config_text(best[0].config)}, ends at {train} % on training and {validation} % on validation images. Train "
        f"minus validation accuracy at the end is {min(gaps):.1f} to {max(gaps):.1f} points."
    )


def _draw(axes: Axes, outcome: Outcome) -> None:
    if outcome.curve is None:
        raise ValueError(f"trial {outcome.trial.number} has no curve to draw")
    curve = mean_curve(outcome.curve)
    axes.plot(curve.epochs, curve.train, color=TRAIN, linestyle="--", linewidth=1.3, label="training images")
    axes.plot(curve.epochs, curve.validation, color=VALIDATION, linewidth=1.6, label="validation images")
    axes.set_ylim(0, 1.03)  # so that a line at 1 is seen whole
    axes.set_xlim(left=0)
    axes.tick_params(labelsize=8, colors=INK)
    axes.grid(color=GRID, linewidth=0.6)


def _heading(outcome: Outcome) -> str:
    stopped = ", stopped" if outcome.state == "stopped" else ""
    score = f"{outcome.score or 0.0:.3f}".removeprefix("0")
    return f"Best-{outcome.rank} (val {score}{stopped})"


def _caption(outcome: Outcome) -> str:
    """Return the config in lines of about CAPTION_WIDTH letters that break between hyperparameters only."""
    lines = [""]
    for whole in compact_items(outcome.config):
        item = whole if len(whole) <= CAPTION_WIDTH else f"{whole[: CAPTION_WIDTH - 3]}..."
        if lines[-1] and len(lines[-1]) + 2 + len(item) > CAPTION_WIDTH:
            lines.append("")
        lines[-1] += ("  " if lines[-1] else "") + item
    return "\n".join(lines)
