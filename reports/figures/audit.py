"""The figures of an audit: what trials scored and what their configs would score again, and where the best ones lie."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from hpo.auditing.audit import Audit
from hpo.auditing.edges import OUTER, Edge
from hpo.auditing.search import AuditedTrial
from hpo.reports.facts.axis_positions import axis_position, log_ticks
from hpo.reports.figures.drawing import DPI, headline_height, people_text, set_headlines, wrapped
from hpo.reports.figures.framing import Room, add_legend, dress
from hpo.reports.figures.palette import FAINT, GOOD, GREY, INK, TRAIN, VALIDATION
from hpo.reports.words.audit import score_text, title_text
from hpo.reports.words.formatting import value_text
from hpo.searching.metric import Metric
from hpo.searching.space import Categorical, Hyperparameter, Numeric

WIDTH = 8.5
MOST_ROWS = 40
COLUMNS, PANEL = 3, 1.9
MOST_CHOICES, LETTERS = 12, 32


def expected_figure(audit: Audit) -> Figure | None:
    """Return the best trials in the order of their scores: the score, and what the config would score on average.

    None where that is not known.
    """
    expected = {each.number: each for each in audit.expectations}
    metric = audit.search.metric
    finished = [trial for trial in audit.search.scored if trial.number in expected]
    best = sorted(finished, key=lambda trial: (-(trial.score or 0.0), trial.number))[:MOST_ROWS]
    if not best:
        return None
    detail = (
        f"the best {len(best)} of {len(finished)} trials: a dot is what the trial scored, a bar what its config would "
        "score on average if it were trained again (90 % interval)"
    )
    figure, (axes,) = _framed(title_text(audit), detail, 3.6, Room(left=0.85, right=0.2, below=0.85), count=1)
    tied = audit.tied_numbers
    dress(axes, grid="y")
    for place, trial in enumerate(best, 1):
        found = expected[trial.number]
        colour = VALIDATION if trial.number in tied else FAINT
        ends = [_shown(metric, found.low), _shown(metric, found.high)]
        axes.plot([place, place], ends, color=colour, linewidth=5, alpha=0.55, solid_capstyle="butt", zorder=2)
        axes.plot(
            [place], [_shown(metric, found.expected)], "_", color=colour, markersize=8, markeredgewidth=2, zorder=3
        )
        axes.plot([place], [_shown(metric, trial.score or 0.0)], "o", color=INK, markersize=3.5, zorder=4)
    if audit.best is not None:
        mark = _shown(metric, audit.best.score or 0.0)
        axes.plot([1], [mark], "o", markersize=10, fillstyle="none", color=TRAIN, markeredgewidth=1.5, zorder=5)
    numbers = [str(trial.number) for trial in best]
    step = max(1, math.ceil(len(best) / 20))
    axes.set_xticks(range(1, len(best) + 1, step), numbers[::step])
    axes.set_xlim(0.3, len(best) + 0.7)
    axes.set_xlabel("trial, the best score first", fontsize=8.5, color=INK)
    axes.set_ylabel(_label(metric), color=INK, **people_text(fontsize=8.5))
    dots = [
        Line2D([], [], color=INK, marker="o", linestyle="none", markersize=4, label="what it scored"),
        Patch(color=VALIDATION, alpha=0.55, label="expected: may be the best"),
        Patch(color=FAINT, alpha=0.55, label="expected: worse than the best"),
    ]
    add_legend(figure, dots)
    return figure


def expected_alt(audit: Audit) -> str:
    """Return the same in words."""
    metric = audit.search.metric
    said = [f"trial {each.number}: expected {score_text(metric, each.expected)}" for each in audit.ties[:5]]
    return f"What the best trials scored, and what their configs would score on average. {'; '.join(said)}."


def searched_figure(audit: Audit) -> Figure | None:
    """Return a panel for each hyperparameter: its values and scores, what may be the best, which ends are too near.

    None before a trial has a score.
    """
    space, metric = audit.search.space.hyperparameters, audit.search.metric
    trials = [trial for trial in audit.search.scored if trial.score is not None]
    if not trials:
        return None
    columns = 2 if len(space) in (2, 4) else min(COLUMNS, len(space))
    rows = math.ceil(len(space) / columns)
    figure, panels = _framed(
        title_text(audit),
        f"each hyperparameter against the score, {len(trials)} finished trials",
        PANEL,
        Room(left=0.85, right=0.2, above=0.5, below=0.9, across=0.35, down=0.85),
        count=len(space),
        columns=columns,
        rows=rows,
    )
    tied = audit.tied_numbers
    low, high = _range(metric, trials)
    for place, (axes, name) in enumerate(zip(panels, space, strict=True)):
        dress(axes)
        _frame(axes, space[name], columns)
        for edge in audit.edges:
            if edge.name == name:
                _shade(axes, space[name], edge)
        for group, colour, size, order in ((False, FAINT, 10, 2), (True, VALIDATION, 18, 3)):
            some = [each for each in trials if (each.number in tied) is group and name in each.config]
            x = [axis_position(space[name], each.config[name], each.number) for each in some]
            y = [
                max(_shown(metric, each.score or 0.0), low)
                if metric.maximized
                else min(_shown(metric, each.score or 0.0), high)
                for each in some
            ]
            axes.scatter(x, y, s=size, color=colour, linewidths=0, zorder=order)
        best = audit.best
        if best is not None and name in best.config:
            x = [axis_position(space[name], best.config[name], best.number)]
            axes.plot(
                x,
                [_shown(metric, best.score or 0.0)],
                "o",
                markersize=9,
                fillstyle="none",
                color=TRAIN,
                markeredgewidth=1.5,
                zorder=5,
            )
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        if place % columns:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel(_label(metric), color=INK, **people_text(fontsize=8.5))
        no_effect = name in audit.without_effect
        shown = f"{wrapped(name, LETTERS)}\nno effect detected" if no_effect else wrapped(name, LETTERS)
        style = people_text(fontsize=8.5, color=GREY if no_effect else INK, linespacing=1.15)
        axes.set_title(shown, loc="left", pad=4, **style)
    dots: list[Artist] = [
        Line2D([], [], color=VALIDATION, marker="o", linestyle="none", markersize=4.5, label="may be the best"),
        Line2D([], [], color=FAINT, marker="o", linestyle="none", markersize=4, label="worse"),
        Line2D(
            [], [], color=TRAIN, marker="o", fillstyle="none", linestyle="none", markersize=8, label="the best score"
        ),
    ]
    if audit.edges:
        dots.append(Patch(color=GOOD, alpha=0.15, label="the range ends too soon"))
    add_legend(figure, dots)
    return figure


def searched_alt(audit: Audit) -> str:
    """Return the same in words."""
    said = [f"{edge.name} ends too soon at its {edge.side} end, {value_text(edge.end)}" for edge in audit.edges]
    ends = "; ".join(said) or "no range ends too soon"
    return f"The score of each finished trial against each hyperparameter; {ends}."


def _framed(
    title: str, detail: str, panel: float, room: Room, *, count: int, columns: int = 1, rows: int = 1
) -> tuple[Figure, list[Axes]]:
    """Return a figure with its headlines and `count` panels, `panel` inches high, row by row."""
    height = room.below + rows * panel + (rows - 1) * room.down + room.above + headline_height(WIDTH, title, detail)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    FigureCanvasAgg(figure)
    set_headlines(figure, title, detail)
    wide = (WIDTH - room.left - room.right - (columns - 1) * room.across) / columns
    panels = []
    for i in range(count):
        row, column = divmod(i, columns)
        left = room.left + column * (wide + room.across)
        bottom = room.below + (rows - 1 - row) * (panel + room.down)
        panels.append(figure.add_axes((left / WIDTH, bottom / height, wide / WIDTH, panel / height)))
    return figure, panels


def _frame(axes: Axes, hyperparameter: Hyperparameter, columns: int) -> None:
    """Make the range that was searched, or the choices, the frame of a panel."""
    axes.xaxis.set_minor_locator(NullLocator())
    if isinstance(hyperparameter, Categorical):
        count = len(hyperparameter.choices)
        letters = max(4, int(60 / columns / min(count, MOST_CHOICES)))
        step = math.ceil(count / MOST_CHOICES)
        labels = [wrapped(value_text(choice)[: 3 * letters], letters) for choice in hyperparameter.choices[::step]]
        axes.set_xticks(range(0, count, step), labels, **people_text(fontsize=7, linespacing=1.1))
        axes.set_xlim(-0.5, count - 0.5)
        return
    low, high = float(hyperparameter.limits.low), float(hyperparameter.limits.high)
    if hyperparameter.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(log_ticks(low, high, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        room = (high / low) ** 0.04
        axes.set_xlim(low / room, high * room)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=hyperparameter.integer))
        axes.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: value_text(float(value))))


def _shade(axes: Axes, numeric: Hyperparameter, edge: Edge) -> None:
    if not isinstance(numeric, Numeric):
        return
    low, high = numeric.axis(numeric.limits)
    inner = low + OUTER * (high - low) if edge.side == "lower" else high - OUTER * (high - low)
    ends = axes.get_xlim()
    at = 10.0**inner if numeric.log else inner
    span = (ends[0], at) if edge.side == "lower" else (at, ends[1])
    axes.axvspan(*span, color=GOOD, alpha=0.15, linewidth=0, zorder=0.5)


def _range(metric: Metric, trials: Sequence[AuditedTrial]) -> tuple[float, float]:
    """Return the frame of scores: the better three quarters, so that a cliff does not press the rest into a line."""
    values = np.array([trial.score or 0.0 for trial in trials])
    bottom = max(float(values.min()), float(values.max()) - 3 * float(values.max() - np.median(values)))
    margin = 0.06 * (float(values.max()) - bottom) or 0.5 * abs(bottom) or 0.5
    first, last = sorted((_shown(metric, bottom - margin), _shown(metric, float(values.max()) + margin)))
    return first, last


def _shown(metric: Metric, score: float) -> float:
    return metric.value(score) * (100 if metric.is_share else 1)


def _label(metric: Metric) -> str:
    return f"{metric.name[:40]}{', %' if metric.is_share else ''}"
