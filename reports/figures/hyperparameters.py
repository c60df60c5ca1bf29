"""The figure of every hyperparameter: a small panel each, with the score at each value and where each round looked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from hpo.record.results import StudyResults
from hpo.reports.facts.axis_positions import axis_position, log_ticks, spans
from hpo.reports.facts.outcomes import Outcome, outcomes
from hpo.reports.facts.score_ranges import known_values, value_range, worst_end
from hpo.reports.figures.drawing import people_text, wrapped
from hpo.reports.figures.framing import Room, add_legend, dress, framed
from hpo.reports.figures.palette import FAINT, GOOD, GREY, GRID, INK, VALIDATION
from hpo.reports.figures.recommended import is_recommended
from hpo.reports.figures.values import tick_text, unit_of
from hpo.reports.words.formatting import count_text, region_text, value_text
from hpo.reports.words.numbers import axis_title, plotted
from hpo.searching.metric import Metric
from hpo.searching.space import Categorical, Hyperparameter, Region

COLUMNS, WIDTH, PANEL = 3, 8.5, 1.7
LINE = 0.13
"""Inches of a line of a round below the dots, and of a line of words under a panel."""
MOST_LINES, MOST_TICKS = 3, 5
DENSE = 2000
MARKERS: Mapping[str, tuple[str, str]] = {
    "complete": ("o", "complete"),
    "stopped": ("v", "stopped early"),
    "failed": ("x", "failed"),
}


@dataclass(frozen=True, slots=True)
class _Scale:
    """The axis of the values that all panels share, from `low` to `high`, shares in percent."""

    metric: Metric
    low: float
    high: float

    @property
    def worst(self) -> float:
        """Its worse end, where what failed is drawn."""
        return worst_end(self.metric, (self.low, self.high))

    def height(self, score: float | None) -> float:
        """Return where a score stands; what lies beyond the worse end stands there."""
        if score is None or not math.isfinite(score):
            return self.worst
        value = plotted(self.metric, score)
        return max(self.low, value) if self.metric.maximized else min(self.high, value)


def hyperparameters_figure(results: StudyResults) -> Figure | None:
    """Return a panel for each hyperparameter, in the order of the study file; None before a trial has ended.

    Dots are trials, those of the latest round in colour, at the score where their training ended. The lines below are
    where each round looked. Rings are the good values, a double one is the one to use.
    """
    ended = [each for each in outcomes(results) if each.state in MARKERS]
    space = results.definition.space.hyperparameters
    if not ended:
        return None
    columns = 2 if len(space) == 4 else min(COLUMNS, len(space))
    wide = (WIDTH - 1.0 - 0.2 - (columns - 1) * 0.35) / columns
    labels = {name: _choice_labels(each, wide) for name, each in space.items() if isinstance(each, Categorical)}
    lines = max([1, *(text.count("\n") + 1 for texts in labels.values() for text in texts)])
    strip = LINE * (len(results.rounds) + 0.6)
    under = 0.42 + LINE * lines
    figure, panels = framed(
        results,
        f"each hyperparameter against the score, {count_text(len(ended), 'trial')}",
        width=WIDTH,
        panel=PANEL + strip,
        room=Room(left=1.0, right=0.2, above=0.15, below=under + 0.35, across=0.35, down=under + 0.05),
        rows=math.ceil(len(space) / columns),
        columns=columns,
        count=len(space),
    )
    metric = results.definition.metric
    scale = _Scale(metric, *_value_range(metric, ended))
    step = (scale.high - scale.low) / PANEL * LINE
    for i, (axes, name) in enumerate(zip(panels, space, strict=True)):
        _frame(axes, name, space[name], labels.get(name, ()))
        _draw_trials(axes, space[name], name, ended, scale)
        _draw_good(axes, space[name], name, results, scale)
        _draw_rounds(axes, space[name], [opened.box[name] for opened in results.rounds], scale.low, step)
        _frame_scores(axes, scale, step, len(results.rounds), named=i % columns == 0)
    _add_legend(figure, results, ended)
    return figure


def hyperparameters_alt(results: StudyResults) -> str:
    """Return in words where each hyperparameter was looked for at first and at last, and where the good values lie."""
    ended = [each for each in outcomes(results) if each.state in MARKERS]
    said = [f"The score of {count_text(len(ended), 'trial')} against each hyperparameter."]
    for name in results.definition.space.hyperparameters:
        regions = [region_text(opened.box[name]) for opened in results.rounds]
        looked = f"{regions[0]} in round 1" + (f", {regions[-1]} in round {len(regions)}" if len(regions) > 1 else "")
        values = list(dict.fromkeys(value_text(good.config[name]) for good in results.good if name in good.config))
        said.append(f"{name}: {looked}" + (f"; good values {', '.join(values)}." if values else "."))
    return " ".join(said)


def _frame(axes: Axes, name: str, hyperparameter: Hyperparameter, labels: Sequence[str]) -> None:
    """Make the limits, or the choices, the frame of the panel."""
    dress(axes)
    axes.xaxis.set_minor_locator(NullLocator())
    if isinstance(hyperparameter, Categorical):
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_xticks(range(len(labels)), labels, **people_text(fontsize=7, linespacing=1.1))
        axes.grid(visible=False, axis="x")
    else:
        low, high = float(hyperparameter.limits.low), float(hyperparameter.limits.high)
        if hyperparameter.log:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(FixedLocator(log_ticks(low, high, MOST_TICKS)))
            axes.xaxis.set_minor_locator(NullLocator())
        else:
            whole = isinstance(hyperparameter.limits.low, int)
            axes.xaxis.set_major_locator(MaxNLocator(MOST_TICKS - 1, steps=[1, 2, 5, 10], integer=whole))
        axes.set_xlim(low, high)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: value_text(float(value))))
    axes.tick_params(axis="x", labelsize=7.5)
    axes.set_xlabel(wrapped(name, 34), **people_text(fontsize=9, color=INK))


def _frame_scores(axes: Axes, scale: _Scale, step: float, rounds: int, *, named: bool) -> None:
    """Set the scores' axis, with a line for each round below; only the first panel of a row names them."""
    low, high = scale.low, scale.high
    axes.set_ylim(low - step * (rounds + 0.6), high)
    axes.axhline(low, color=GRID, linewidth=1.0, zorder=1)
    scores = [float(tick) for tick in MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    scores = [tick for tick in scores if low <= tick <= high]
    if not named:
        axes.set_yticks(scores, [])
        return
    unit = unit_of(scale.metric, (low, high))
    shown = [tick_text(tick, unit) for tick in scores]
    most = max(1, math.ceil(rounds / 12))  # of many rounds not all are named
    numbers = [number for number in range(1, rounds + 1) if (rounds - number) % most == 0]
    axes.set_yticks(scores, shown)
    axes.tick_params(axis="y", labelsize=7.5)
    for number in numbers:
        place = (-0.04, low - step * number)
        style = people_text(fontsize=7, color=INK if number == rounds else GREY, ha="right", va="center")
        axes.text(*place, f"round {number}", transform=axes.get_yaxis_transform(), **style)
    title = axis_title(scale.metric, f"validation {scale.metric.name}")
    title += f"\nin units of {unit:.0e}" if unit != 1 else ""
    axes.set_ylabel(title, **people_text(fontsize=8.5, color=INK))
    axes.yaxis.set_label_coords(-0.68 / (axes.get_position().width * WIDTH), 0.5)


def _draw_trials(
    axes: Axes, hyperparameter: Hyperparameter, name: str, ended: Sequence[Outcome], scale: _Scale
) -> None:
    """Draw a marker for each trial in which it is active, those of the latest round in colour and on top."""
    size = float(np.clip(2000 / max(1, len(ended)), 7, 22))
    latest, worst = max(each.round for each in ended), scale.worst
    for state, (marker, _) in MARKERS.items():
        for new in (False, True):
            mine = [
                each for each in ended if each.state == state and (each.round == latest) is new and name in each.config
            ]
            look: dict[str, Any] = {
                "facecolors": VALIDATION if new else FAINT,
                "edgecolors": INK if new else GREY,
                "linewidths": 0.4,
            }
            if state == "failed":
                look = {"color": VALIDATION if new else GREY, "linewidths": 0.9}
            axes.scatter(
                [axis_position(hyperparameter, each.config[name], each.trial.number) for each in mine],
                [worst if state == "failed" else scale.height(each.score) for each in mine],
                s=size,
                marker=marker,
                zorder=4 if new else 3,
                clip_on=False,
                rasterized=len(ended) > DENSE,
                **look,
            )


def _draw_good(axes: Axes, hyperparameter: Hyperparameter, name: str, results: StudyResults, scale: _Scale) -> None:
    for good in results.good:
        if name not in good.config:
            continue
        x = axis_position(hyperparameter, good.config[name], good.trial)
        y = scale.height(good.search_score)
        for ring in (52, 120) if is_recommended(results, good) else (52,):
            axes.scatter(
                x, y, s=ring, facecolors="none", edgecolors=GOOD, linewidths=1.3, zorder=6, clip_on=False, gid="good"
            )


def _draw_rounds(
    axes: Axes, hyperparameter: Hyperparameter, regions: Sequence[Region], low: float, step: float
) -> None:
    for number, region in enumerate(regions, 1):
        colour, y = INK if number == len(regions) else GREY, low - step * number
        for start, end in spans(hyperparameter, region):
            axes.plot([start, end], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt", gid=f"round {number}")


def _value_range(metric: Metric, ended: Sequence[Outcome]) -> tuple[float, float]:
    if not metric.is_share:
        return value_range(metric, known_values(metric, ended))
    scores = [100 * value for value in known_values(metric, ended)] or [0.0, 100.0]
    margin = max(0.5, 0.06 * (max(scores) - min(scores)))
    return max(0.0, min(scores) - margin), min(101.5, max(scores) + margin)


def _choice_labels(categorical: Categorical, wide: float) -> list[str]:
    """Return the choices in lines that fit side by side under a panel `wide` inches wide."""
    letters = max(2, int(wide / len(categorical.choices) * 115 / 7.5) - 1)
    labels = []
    for choice in categorical.choices:
        lines = wrapped(value_text(choice), letters).split("\n")
        if len(lines) > MOST_LINES:
            lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][: letters - 1] + "…"]
        labels.append("\n".join(lines))
    return labels


def _add_legend(figure: Figure, results: StudyResults, ended: Sequence[Outcome]) -> None:
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=GREY, markersize=5, label=meaning)
        for state, (marker, meaning) in MARKERS.items()
        if any(each.state == state for each in ended)
    ]
    if len(results.rounds) > 1:
        handles.append(Line2D([], [], linestyle="", marker="s", color=VALIDATION, markersize=5, label="latest round"))
    if results.good:
        ring = {"marker": "o", "markerfacecolor": "none", "markeredgewidth": 1.3, "markersize": 8}
        label = "good value (double: the one to use)" if results.full else "good value"
        handles.append(Line2D([], [], linestyle="", color=GOOD, label=label, **ring))  # type: ignore[arg-type]
    add_legend(figure, handles)
