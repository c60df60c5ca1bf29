"""The learning curves of the best trials side by side, as "Deep Learning from Scratch" draws them (figure 6-24)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from hpo.record.results import StudyResults
from hpo.reports.facts.outcomes import MeanCurve, Outcome, best_outcomes, mean_curve
from hpo.reports.facts.score_ranges import value_range
from hpo.reports.figures.drawing import people_text
from hpo.reports.figures.framing import Room, add_legend, fade_frame, framed, note
from hpo.reports.figures.palette import GREY, GRID, INK, TRAIN, VALIDATION
from hpo.reports.figures.values import name_values
from hpo.reports.words.formatting import compact_items, config_text, count_text, examples, item_lines
from hpo.reports.words.numbers import difference_text, points_of, train_gap, value_text, value_words
from hpo.searching.metric import Metric

BEST, COLUMNS = 20, 4
PANEL, LINE = 1.42, 0.127
"""Inches: the height of a panel, and of a line of its caption."""
CAPTION_SIZE, CAPTION_WIDTH = 7.5, 36
_GRID: Mapping[str, Any] = {"colors": GRID, "linewidths": 0.6, "zorder": 0.5}
_SHARES, _FEW_EPOCHS = (0.0, 0.25, 0.5, 0.75, 1.0), 5


def curves_figure(results: StudyResults) -> Figure | None:
    """Return the metric on training and validation examples per epoch of the twenty best trials, best first.

    Each panel is the mean over the trial's groups and says its config; all panels share their axes. None where trials
    have ended and have no curves: not every trainer tells how it got there.
    """
    best = best_outcomes(results, BEST)
    if not any(len(_mean(each).epochs) > 1 for each in best) and results.trials:
        return None
    if not best:
        figure, (axes,) = framed(results, "learning curves", width=7.5, panel=2.5, room=Room())
        note(axes, "No trial has a learning curve yet.")
        return figure
    columns = min(COLUMNS, len(best))
    captions = [_caption(outcome) for outcome in best]
    lines = max(caption.count("\n") + 1 for caption in captions)
    over = 0.22 + LINE * lines
    groups = results.definition.search.groups
    averaged = f", mean of {groups} groups" if groups > 1 else ""
    figure, panels = framed(
        results,
        f"learning curves of the best {count_text(len(best), 'trial')}{averaged}",
        width=max(2.3 * columns + 0.7, 7.5),
        panel=PANEL,
        room=Room(left=0.55, right=0.15, above=over + 0.05, below=0.8, across=0.18, down=over + 0.2),
        rows=math.ceil(len(best) / columns),
        columns=columns,
        count=len(best),
    )
    curves = [_mean(outcome) for outcome in best]
    metric = results.definition.metric
    frame = _frame(metric, curves)
    for i, (axes, outcome, curve, caption) in enumerate(zip(panels, best, curves, captions, strict=True)):
        _draw(axes, curve, frame, examples(results))
        _label(axes, metric, left=i % columns == 0, below=i >= len(best) - columns)
        under = people_text(fontsize=CAPTION_SIZE, color=GREY, va="top", linespacing=1.2)
        top = 3 + 72 * LINE * lines  # the same for all, so that the headings of a row are on one line
        axes.annotate(caption, (0, 1), (0, top), "axes fraction", "offset points", **under)
        axes.set_title(_heading(metric, outcome), loc="left", y=1.0, pad=top + 3, fontsize=9, color=INK)
    add_legend(figure, panels[0].lines)
    return figure


def curves_alt(results: StudyResults) -> str:
    """Return in words how high the best trials came, and how far training and validation part."""
    best = [each for each in best_outcomes(results, BEST) if each.curve is not None]
    if not best:
        return "No trial has a learning curve yet."
    ends = [mean_curve(each.curve) for each in best if each.curve is not None]
    metric, noun = results.definition.metric, examples(results)
    validation = f"{value_words(metric, float(ends[0].validation[-1]))} on validation {noun}"
    named, config = metric.name[:1].upper() + metric.name[1:], config_text(best[0].config)
    of = f"{named} by epoch of the best {count_text(len(best), 'trial')}"
    gaps = [_gap(metric, each) for each in ends]
    if any(math.isnan(gap) for gap in gaps):
        return f"{of}, on validation {noun}. The best, {config}, ends at {validation}."
    train = value_words(metric, float(ends[0].train[-1]))
    span = f"{difference_text(metric, min(gaps))} to {difference_text(metric, max(gaps))}{points_of(metric)}"
    gap = train_gap(metric, "validation").capitalize().replace(" - ", " minus ")
    return (
        f"{of}, on training and validation {noun}. The best, {config}, ends at {train} on training and {validation}. "
        f"{gap} {metric.name} at the end is {span}."
    )


def _gap(metric: Metric, curve: MeanCurve) -> float:
    return metric.score(float(curve.train[-1])) - metric.score(float(curve.validation[-1]))


def _mean(outcome: Outcome) -> MeanCurve:
    if outcome.curve is None:
        raise ValueError(f"trial {outcome.trial.number} has no curve to draw")
    return mean_curve(outcome.curve)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all panels share: the last epoch, the ends of the values' axis, and its ticks."""

    last: float
    low: float
    high: float
    ticks: tuple[float, ...]


def _frame(metric: Metric, curves: Sequence[MeanCurve]) -> _Frame:
    last = max(float(curve.epochs[-1]) for curve in curves)
    if metric.is_share:
        return _Frame(last, 0.0, 1.03, _SHARES)  # so that a line at 1 is seen whole
    values = np.concatenate([line for curve in curves for line in (curve.train, curve.validation)])
    low, high = value_range(metric, values[np.isfinite(values)].tolist())
    ticks = (float(tick) for tick in MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    return _Frame(last, low, high, tuple(tick for tick in ticks if low <= tick <= high))


def _draw(axes: Axes, curve: MeanCurve, frame: _Frame, noun: str) -> None:
    if not np.isnan(curve.train).all():
        axes.plot(curve.epochs, curve.train, color=TRAIN, linestyle="--", linewidth=1.3, label=f"training {noun}")
    marker = "" if len(curve.epochs) > 1 else "o"
    label = f"validation {noun}"
    axes.plot(curve.epochs, curve.validation, f"-{marker}", color=VALIDATION, linewidth=1.6, label=label)
    last = frame.last
    axes.set_xlim(0, 1.03 * last)
    axes.set_ylim(frame.low, frame.high)
    steps = MaxNLocator(4, steps=[1, 2, 5, 10], integer=last > _FEW_EPOCHS).tick_values(0, last)
    epochs = [float(step) for step in steps if 0 <= step <= last]
    # Ticks are costly, and only those at the outer axes are read: the grid is of plain lines.
    across = [[(0, y), (1.03 * last, y)] for y in frame.ticks]
    up = [[(x, frame.low), (x, frame.high)] for x in epochs]
    axes.add_collection(LineCollection(across + up, **_GRID), autolim=False)
    axes.xaxis.set_major_locator(FixedLocator(epochs))
    axes.yaxis.set_major_locator(FixedLocator(frame.ticks))
    fade_frame(axes)


def _label(axes: Axes, metric: Metric, *, left: bool, below: bool) -> None:
    """Write numbers and names at the outer axes only: all panels have the same ones."""
    for axis, name, shown in ((axes.yaxis, "", left), (axes.xaxis, "epoch", below)):
        axis.set_visible(shown)
        if shown:
            axis.set_tick_params(labelsize=8, colors=INK)
            axis.set_label_text(name, **people_text(fontsize=9, color=INK))
    if left:
        name_values(axes.yaxis, metric, metric.name, axes.get_ylim(), percent=False, fontsize=9, color=INK)


def _heading(metric: Metric, outcome: Outcome) -> str:
    stopped = ", stopped" if outcome.state == "stopped" else ""
    value = metric.value(outcome.score or 0.0)
    score = f"{value:.3f}".removeprefix("0") if metric.is_share else value_text(metric, value)
    return f"Best-{outcome.rank} (val {score}{stopped})"


def _caption(outcome: Outcome) -> str:
    """Return the config in lines of about CAPTION_WIDTH letters that break between hyperparameters only."""
    whole = compact_items(outcome.config)
    items = (item if len(item) <= CAPTION_WIDTH else f"{item[: CAPTION_WIDTH - 3]}..." for item in whole)
    return "\n".join(item_lines(items, CAPTION_WIDTH, separator="  "))
