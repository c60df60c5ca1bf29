"""The figure of where a search looked: its trials over two hyperparameters, the box of each round, the good values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from hpo.record.results import StudyResults
from hpo.reports.facts.axes import has_all, numeric_names
from hpo.reports.facts.outcomes import Outcome, outcomes
from hpo.reports.facts.score_ranges import inside, known_values, value_or, value_range, worst_end
from hpo.reports.figures.boxes_overlay import draw_boxes, draw_ring, height, label_good_values, ring_extent
from hpo.reports.figures.framing import Room, add_legend, dress, framed, note
from hpo.reports.figures.labels import Obstacles
from hpo.reports.figures.palette import GOOD, GREY, INK
from hpo.reports.figures.values import name_values
from hpo.reports.words.formatting import config_text, count_text, region_text, value_text
from hpo.searching.metric import Metric
from hpo.searching.space import Numeric, number

COLOURS = "viridis"  # even steps for the eye, and readable without red and green
DENSE = 2000
"""Where there are more trials, their dots are pixels in an SVG file, which would be megabytes of outlines."""
LABEL_PAD = 7
"""Points between ticks such as 0.0001 and the name of an axis beside them, whose letters may hang low."""
MARKERS = {"complete": "o", "stopped": "v", "failed": "x"}
_MEANINGS = {"complete": "complete", "stopped": "stopped early", "failed": "failed (diverged)"}


def boxes_figure(results: StudyResults) -> Figure:
    """Return the trials over learning rate x weight decay, or over the first two numeric hyperparameters there are.

    The frame is their limits. With one numeric hyperparameter the other axis is the score; with none a note says so.
    """
    names = numeric_names(results)[:2]
    ended = [each for each in outcomes(results) if each.state in MARKERS and has_all(each.config, names)]
    tried = f"{count_text(len(ended), 'trial')} in {count_text(len(results.rounds), 'round')}"
    room = Room(left=0.95, right=1.2, above=0.12, below=0.9)
    figure, (axes,) = framed(results, tried, width=8.5, panel=5.2 if len(names) == 2 else 4.4, room=room)
    if not names:
        note(axes, "No numeric hyperparameter to draw:\ntrials.csv lists every config with its score.")
    else:
        _frame(axes, results, ended, names)
        _draw_trials(figure, axes, results.definition.metric, ended, names)
        metric = results.definition.metric
        ends = axes.get_ylim()
        ringed = [good for good in results.good if has_all(good.config, names)]
        rings = [draw_ring(axes, names, good.config, inside(metric.value(good.search_score), ends)) for good in ringed]
        _add_legend(figure, ended, bool(rings))
        worst = worst_end(metric, axes.get_ylim())
        values = [value_or(metric, each, worst) for each in ended]
        dots = [
            (number(each.config, names[0]), height(each.config, value, names))
            for each, value in zip(ended, values, strict=True)
        ]
        points = axes.transData.transform(np.reshape(dots, (-1, 2)))
        obstacles = Obstacles(axes.get_window_extent(), points, [ring_extent(axes, ring) for ring in rings])
        draw_boxes(axes, results, names, obstacles)
        label_good_values(axes, ringed, rings, obstacles)
    return figure


def boxes_alt(results: StudyResults) -> str:
    """Return in words where each round looked, and where the good values lie."""
    names = numeric_names(results)[:2]
    if not names:
        return "No numeric hyperparameter to draw."
    ended = [each for each in outcomes(results) if each.state in MARKERS and has_all(each.config, names)]
    looked = [
        f"Round {each.number} looked at {', '.join(f'{name} {region_text(each.box[name])}' for name in names)}."
        for each in results.rounds
    ]
    good = [
        f"Good value {each.rank}: {config_text({name: each.config[name] for name in names})}."
        for each in results.good
        if has_all(each.config, names)
    ]
    axes = f"{names[0]} and {names[1] if len(names) == 2 else f'validation {results.definition.metric.name}'}"
    return " ".join([f"{count_text(len(ended), 'trial')} over {axes}, with the box of each round.", *looked, *good])


def _frame(axes: Axes, results: StudyResults, ended: Sequence[Outcome], names: Sequence[str]) -> None:
    """Make the limits of the hyperparameters the frame of `axes`, with ticks that read like numbers."""
    for name, axis in zip(names, (axes.xaxis, axes.yaxis), strict=False):
        numeric = results.definition.space.hyperparameters[name]
        if not isinstance(numeric, Numeric):
            raise TypeError(f"{name} is categorical and has no axis")
        low, high = numeric.limits.low, numeric.limits.high
        if axis is axes.xaxis:
            axes.set_xscale("log" if numeric.log else "linear")
            axes.set_xlim(low, high)
        else:
            axes.set_yscale("log" if numeric.log else "linear")
            axes.set_ylim(low, high)
        if numeric.log:
            decades = np.log10(high / low)
            subs = (1.0,) if decades > 2.5 else (1.0, 2.0, 5.0)
            axis.set_major_locator(LogLocator(subs=subs, numticks=10 if decades > 2.5 else 20))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: value_text(float(value))))
        axis.set_label_text(name, color=INK)
        axis.labelpad = LABEL_PAD
    if len(names) == 1:
        metric = results.definition.metric
        axes.set_ylim(*value_range(metric, known_values(metric, ended)))
        name_values(axes.yaxis, metric, f"validation {metric.name}", axes.get_ylim(), percent=False, color=INK)
    dress(axes)


def _draw_trials(figure: Figure, axes: Axes, metric: Metric, ended: Sequence[Outcome], names: Sequence[str]) -> None:
    """Draw a marker for each trial, best on top; colours spread over the better three quarters, where they matter.

    The better a value, the lighter its colour, whichever direction that is.
    """
    values = known_values(metric, ended)
    cut = 0.25 if metric.maximized else 0.75
    worse, best = (float(np.quantile(values, cut)), max(values, key=metric.score)) if values else (0.0, 1.0)
    low, high = sorted((worse, best))
    norm = Normalize(low if low < high else low - (0.01 if metric.is_share else 0.01 * abs(low) or 0.01), high)
    colours = COLOURS if metric.maximized else f"{COLOURS}_r"
    floor = worst_end(metric, axes.get_ylim())
    dense = len(ended) > DENSE
    size = float(np.clip(4200 / max(1, len(ended)), 16, 46))
    for state, marker in MARKERS.items():
        mine = sorted((each for each in ended if each.state == state), key=_score)
        x = [number(each.config, names[0]) for each in mine]
        y = [height(each.config, inside(value_or(metric, each, floor), axes.get_ylim()), names) for each in mine]
        if state == "failed":
            axes.scatter(
                x, y, s=0.7 * size, marker=marker, color=GREY, linewidths=1.0, zorder=2, clip_on=False, rasterized=dense
            )
            continue
        axes.scatter(
            x,
            y,
            s=size if state == "complete" else 0.8 * size,
            marker=marker,
            c=[value_or(metric, each, worse) for each in mine],
            cmap=colours,
            norm=norm,
            edgecolors=INK,
            linewidths=0.4,
            zorder=4 if state == "complete" else 3,
            clip_on=False,
            rasterized=dense,
        )
    if values:
        beyond = (min(values) < low) if metric.maximized else (max(values) > high)
        frame = axes.get_position()
        place = figure.add_axes((frame.x1 + 0.025, frame.y0 + 0.2 * frame.height, 0.02, 0.6 * frame.height))
        extend = ("min" if metric.maximized else "max") if beyond else "neither"
        bar = figure.colorbar(ScalarMappable(norm, colours), cax=place, extend=extend)
        name = f"validation {metric.name} where training ended"
        name_values(bar.ax.yaxis, metric, name, (low, high), percent=False, fontsize=9, color=INK)
        bar.ax.tick_params(labelsize=8)


def _score(outcome: Outcome) -> float:
    return -math.inf if outcome.score is None else outcome.score


def _add_legend(figure: Figure, ended: Sequence[Outcome], good: bool) -> None:
    handles = [
        Line2D([], [], linestyle="", marker=MARKERS[state], color=GREY, markersize=6, label=_MEANINGS[state])
        for state in MARKERS
        if any(each.state == state for each in ended)
    ]
    if good:
        ring = {"marker": "o", "markerfacecolor": "none", "markeredgewidth": 1.8, "markersize": 10}
        label = "good value, with its rank"
        handles.append(Line2D([], [], linestyle="", color=GOOD, label=label, **ring))  # type: ignore[arg-type]
    if handles:
        add_legend(figure, handles)
