"""The figure of where the search looked: trials over the two main hyperparameters, and each round's box over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hpo.record.results import StudyResults
from hpo.reports.dashboard.figures import Figure, axis, figure, on_axis, score_on_axis, shown, title_of
from hpo.reports.facts.axes import has_all, numeric_names
from hpo.reports.facts.outcomes import Outcome, outcomes
from hpo.reports.facts.score_ranges import known_values, value_range
from hpo.reports.figures.palette import GOOD, line_colour
from hpo.reports.words.formatting import count_text
from hpo.reports.words.numbers import score_text
from hpo.searching.metric import Metric
from hpo.searching.space import Config, Numeric, number

MOST_TRIALS = 1000
"""The dashboard fetches every figure anew every few seconds, so of more trials only the best are drawn."""

STATES = {"complete": ("complete", "circle"), "stopped": ("stopped early", "triangle-down"), "failed": ("failed", "x")}
_CORNERS = ("top right", "bottom right", "top left", "bottom left")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def boxes(results: StudyResults) -> Figure | None:
    """Return the figure; None without a trial that ended, or without a numeric hyperparameter.

    With one numeric hyperparameter the other axis is the score.
    """
    names = numeric_names(results)[:2]
    ended = [each for each in outcomes(results) if each.state in STATES and has_all(each.config, names)]
    if not names or not ended:
        return None
    metric = results.definition.metric
    drawn = best_first(ended)[:MOST_TRIALS]
    fewer = f", the best {len(drawn)} of" if len(drawn) < len(ended) else ","
    title = f"Where the search looked: round by round{fewer} {count_text(len(ended), 'trial')}"
    upright = _axis(results, names[1]) if len(names) == 2 else axis(title_of(metric, f"validation {metric.name}"))
    data = [*_trials(metric, drawn, names), *_round_boxes(results, names), *_good_values(results, names)]
    return figure(title, data, xaxis=_axis(results, names[0]), yaxis=upright)


def best_first(ended: Sequence[Outcome]) -> list[Outcome]:
    """Return trials from the best score to the worst; what has none is last."""
    return sorted(ended, key=lambda each: math.inf if each.score is None else -each.score)


def _axis(results: StudyResults, name: str) -> dict[str, Any]:
    numeric = results.definition.space.hyperparameters[name]
    if not isinstance(numeric, Numeric):
        raise TypeError(f"{name} is categorical and has no axis")
    low, high = float(numeric.limits.low), float(numeric.limits.high)
    if not numeric.log:
        margin = 0.02 * (high - low)
        return axis(name, range=[low - margin, high + margin])
    ends = math.log10(low), math.log10(high)
    margin = 0.02 * (ends[1] - ends[0])
    return axis(name, type="log", range=[ends[0] - margin, ends[1] + margin], dtick=1, exponentformat="power", minor={})


def _trials(metric: Metric, drawn: Sequence[Outcome], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a trace for each state; colours spread over the better three quarters, where they matter."""
    values = sorted(on_axis(metric, value) for value in known_values(metric, drawn))
    if not metric.maximized:
        values.reverse()
    worse, best = (values[len(values) // 4], values[-1]) if values else (0.0, 100.0)
    low, high = sorted((worse, best))
    traces = []
    for state, (meaning, symbol) in STATES.items():
        mine = [each for each in drawn if each.state == state]
        if not mine:
            continue
        marker: dict[str, Any] = {"symbol": symbol, "size": 8, "line": {"width": 0.6, "color": "#444444"}}
        if state == "failed":
            marker |= {"color": "#999999", "size": 6}
        else:
            marker |= {
                "color": [score_on_axis(metric, each.score) for each in mine],
                "colorscale": "Viridis",
                **({} if metric.maximized else {"reversescale": True}),
                "cmin": low,
                "cmax": max(high, low + 0.1) if metric.is_share else high if high > low else low + (abs(low) or 1.0),
                "showscale": state == "complete" or not any(each.state == "complete" for each in drawn),
                "colorbar": {"title": {"text": short_title(metric)}, "thickness": 10, "len": 0.7},
            }
        points = [_place(metric, each.config, each.score, names) for each in mine]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": meaning,
                "x": [x for x, _ in points],
                "y": [y for _, y in points],
                "text": [f"trial {e.trial.number}, round {e.round}: {_said(metric, e)}" for e in mine],
                "hovertemplate": f"%{{text}}<br>%{{x:.3g}}, %{{y:.3g}}<extra>{meaning}</extra>",
                "marker": marker,
            }
        )
    return traces


def _round_boxes(results: StudyResults, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the outline of each round's box, which the legend can switch off."""
    traces = []
    metric = results.definition.metric
    span = (0.0, 100.0) if metric.is_share else value_range(metric, known_values(metric, outcomes(results)))
    for i, opened in enumerate(results.rounds):
        x = opened.box.interval(names[0])
        low, high = (opened.box.interval(names[1]).low, opened.box.interval(names[1]).high) if len(names) == 2 else span
        corners = [(x.low, low), (x.high, low), (x.high, high), (x.low, high), (x.low, low)]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"round {opened.number}",
                "x": [shown(corner[0]) for corner in corners],
                "y": [shown(corner[1]) for corner in corners],
                "hoverinfo": "name",
                "line": {"color": line_colour(i), "dash": _DASHES[i % len(_DASHES)], "width": 2},
            }
        )
    return traces


def _good_values(results: StudyResults, names: Sequence[str]) -> list[dict[str, Any]]:
    good_values = [good for good in results.good if has_all(good.config, names)]
    if not good_values:
        return []
    metric = results.definition.metric
    points = [_place(metric, good.config, good.search_score, names) for good in good_values]
    return [
        {
            "type": "scatter",
            "mode": "markers+text",
            "name": "good values",
            "x": [x for x, _ in points],
            "y": [y for _, y in points],
            "text": [f"<b>{good.rank}</b>" for good in good_values],
            "textposition": [_CORNERS[i % len(_CORNERS)] for i in range(len(points))],
            "textfont": {"color": GOOD, "size": 14},
            "hovertext": [f"good value {good.rank}: trial {good.trial}" for good in good_values],
            "hoverinfo": "text",
            "marker": {"symbol": "circle-open", "size": 15, "color": GOOD, "line": {"width": 2.5}},
        }
    ]


def _place(metric: Metric, config: Config, score: float | None, names: Sequence[str]) -> tuple[float, float]:
    up = shown(number(config, names[1])) if len(names) == 2 else score_on_axis(metric, score)
    return shown(number(config, names[0])), up


def short_title(metric: Metric) -> str:
    """Return what a narrow scale of values is called."""
    return "val. %" if metric.is_share else f"val. {metric.name}".replace("<", "&lt;")


def _said(metric: Metric, outcome: Outcome) -> str:
    if metric.is_share:
        return f"{score_on_axis(metric, outcome.score):.1f} %"
    return score_text(metric, math.nan if outcome.score is None else outcome.score)
