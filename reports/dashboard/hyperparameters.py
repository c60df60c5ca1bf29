"""The figure of every hyperparameter: a panel each, with the score at each value and where each round looked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults
from hpo.reports.dashboard.boxes import MOST_TRIALS, STATES, best_first, short_title
from hpo.reports.dashboard.figures import Figure, axis, figure, hovered, on_axis, score_on_axis, shown
from hpo.reports.facts.axis_positions import axis_position, log_ticks, spans
from hpo.reports.facts.outcomes import Outcome, outcomes
from hpo.reports.facts.score_ranges import known_values, value_range, worst_end
from hpo.reports.figures.palette import FAINT, GOOD, GREY, INK, VALIDATION
from hpo.reports.figures.recommended import is_recommended
from hpo.reports.words.formatting import count_text, region_text, value_text
from hpo.searching.metric import Metric
from hpo.searching.space import Categorical, Hyperparameter

COLUMNS, ACROSS, DOWN = 3, 0.05, 0.22
LINE = 0.05
"""The share of the scores' range that the line of a round takes below them."""
LETTERS, MOST_TICKS, FAR = 9, 5, 1e3


def hyperparameters(results: StudyResults) -> Figure | None:
    """Return the figure; None before a trial has ended."""
    ended = [each for each in outcomes(results) if each.state in STATES]
    space = results.definition.space.hyperparameters
    if not ended:
        return None
    drawn, metric = best_first(ended)[:MOST_TRIALS], results.definition.metric
    low, high = ends = _range(metric, drawn)
    step = LINE * (high - low)
    below = low - step * (len(results.rounds) + 0.6)
    columns = 2 if len(space) == 4 else min(COLUMNS, len(space))
    rows = math.ceil(len(space) / columns)
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    for i, (name, hyperparameter) in enumerate(space.items()):
        row, column = divmod(i, columns)
        number = "" if i == 0 else str(i + 1)
        on = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        layout[f"xaxis{number}"] = _axis(name, hyperparameter) | {
            "domain": _domain(column, columns, ACROSS),
            "anchor": on["yaxis"],
        }
        layout[f"yaxis{number}"] = _scores_axis(metric, low, high, below, named=column == 0) | {
            "domain": _domain(rows - 1 - row, rows, DOWN),
            "anchor": on["xaxis"],
        }
        rounds = _rounds(results, name, low, step)
        traces = [*_trials(results, drawn, name, ends), *rounds, *_good(results, name, ends)]
        for trace in traces:
            told = any(each["name"] == trace["name"] for each in data)  # by a panel before, or by another round
            data.append({**trace, **on, "showlegend": not told, "legendgroup": trace["name"]})
    fewer = f"the best {len(drawn)} of " if len(drawn) < len(ended) else ""
    title = f"Every hyperparameter against the score: {fewer}{count_text(len(ended), 'trial')}, lines: the rounds"
    return figure(title, data, **layout)


def _range(metric: Metric, drawn: Sequence[Outcome]) -> tuple[float, float]:
    values = known_values(metric, drawn)
    if not metric.is_share:
        return value_range(metric, values)
    shares = [on_axis(metric, value) for value in values] or [0.0, 100.0]
    margin = max(0.5, 0.06 * (max(shares) - min(shares)))
    return max(0.0, min(shares) - margin), max(shares) + margin


def _domain(place: int, count: int, gap: float) -> list[float]:
    size = (1 - gap * (count - 1)) / count
    return [round(place * (size + gap), 4), round(min(1.0, place * (size + gap) + size), 4)]


def _axis(name: str, hyperparameter: Hyperparameter) -> dict[str, Any]:
    if isinstance(hyperparameter, Categorical):
        texts = [value_text(choice) for choice in hyperparameter.choices]
        short = [text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…" for text in texts]
        named = [text.replace("<", "&lt;") for text in short]
        ends, ticks = [-0.5, len(named) - 0.5], {"tickvals": list(range(len(named))), "ticktext": named}
        return _small(name, range=ends, **ticks)
    low, high = float(hyperparameter.limits.low), float(hyperparameter.limits.high)
    if not hyperparameter.log:
        return _small(name, range=[low, high], nticks=5)
    ticks = {"tickvals": log_ticks(low, high, MOST_TICKS), "tickformat": ".0e" if high / low > FAR else "~g"}
    return _small(name, type="log", range=[math.log10(low), math.log10(high)], **ticks)


def _scores_axis(metric: Metric, low: float, high: float, below: float, *, named: bool) -> dict[str, Any]:
    power = 1 if metric.is_share else 10.0 ** math.floor(math.log10((high - low) / MOST_TICKS))
    step = next(each * power for each in (1, 2, 5, 10, 20, 25) if (high - low) / (each * power) <= MOST_TICKS)
    ticks = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    ticks = ticks if metric.is_share else [shown(tick) for tick in ticks]
    made = _small(short_title(metric) if named else "", range=[below, high], tickvals=ticks)
    return made | {"showticklabels": named}


def _small(title: str, **more: Any) -> dict[str, Any]:
    made = axis(title, tickfont={"size": 10}, **more)
    return made | {"title": {"text": title.replace("<", "&lt;"), "standoff": 4, "font": {"size": 11}}}


def _trials(
    results: StudyResults, drawn: Sequence[Outcome], name: str, ends: tuple[float, float]
) -> list[dict[str, Any]]:
    metric, worst = results.definition.metric, worst_end(results.definition.metric, ends)
    hyperparameter, latest = results.definition.space.hyperparameters[name], len(results.rounds)
    traces = []
    for state, (meaning, symbol) in STATES.items():
        mine = [each for each in drawn if each.state == state and name in each.config]
        if not mine:
            continue
        texts = [
            f"trial {each.trial.number}, round {each.round}: {value_text(each.config[name])}".replace("<", "&lt;")
            for each in mine
        ]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "cliponaxis": False,
                "name": meaning,
                "x": [shown(axis_position(hyperparameter, each.config[name], each.trial.number)) for each in mine],
                "y": [worst if state == "failed" else _height(metric, each.score, ends) for each in mine],
                "text": texts,
                "hovertemplate": f"%{{text}}<br>{hovered(metric, 'y')}<extra>{meaning}</extra>",
                "marker": {
                    "symbol": symbol,
                    "size": 6,
                    "color": [VALIDATION if each.round == latest else FAINT for each in mine],
                    "line": {"width": 0.5, "color": INK},
                },
            }
        )
    return traces


def _rounds(results: StudyResults, name: str, low: float, step: float) -> list[dict[str, Any]]:
    """Return a line for each round, below the scores; in the legend they would be a crowd."""
    hyperparameter = results.definition.space.hyperparameters[name]
    traces = []
    for opened in results.rounds:
        x: list[float | None] = []
        for start, end in spans(hyperparameter, opened.box[name]):
            x += [shown(start), shown(end), None]
        text = f"round {opened.number}: {region_text(opened.box[name])}".replace("<", "&lt;")
        y = [None if each is None else shown(low - step * opened.number) for each in x]
        colour = INK if opened is results.rounds[-1] else GREY
        line = {"color": colour, "width": 3}
        traces.append(
            {"type": "scatter", "mode": "lines", "name": "rounds", "x": x, "y": y, "line": line}
            | {"hovertemplate": f"{text}<extra></extra>"}
        )
    return traces


def _height(metric: Metric, score: float | None, ends: tuple[float, float]) -> float:
    """Return where a trial stands; of what has no bounds, what lies beyond the worse end stands there."""
    at = score_on_axis(metric, score)
    return at if metric.is_share else max(ends[0], at) if metric.maximized else min(ends[1], at)


def _good(results: StudyResults, name: str, ends: tuple[float, float]) -> list[dict[str, Any]]:
    good_values = [good for good in results.good if name in good.config]
    if not good_values:
        return []
    hyperparameter = results.definition.space.hyperparameters[name]
    metric = results.definition.metric
    sizes = [18 if is_recommended(results, good) else 11 for good in good_values]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "cliponaxis": False,
            "name": "good values",
            "x": [shown(axis_position(hyperparameter, good.config[name], good.trial)) for good in good_values],
            "y": [max(ends[0], _height(metric, good.search_score, ends)) for good in good_values],
            "hovertext": [_said(results, good) for good in good_values],
            "hoverinfo": "text",
            "marker": {"symbol": "circle-open", "size": sizes, "color": GOOD, "line": {"width": 2}},
        }
    ]


def _said(results: StudyResults, good: GoodValue) -> str:
    use = ", the one to use" if is_recommended(results, good) else ""
    return f"good value {good.rank}{use}: trial {good.trial}"
