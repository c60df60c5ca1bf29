"""The figures of what configs reach: dots with intervals, and the subset's scores against those on all of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpo.proof.estimates import Estimate
from hpo.proof.final_runs import FullResult
from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults
from hpo.reports.dashboard.figures import (
    Figure,
    axis,
    bars,
    config_lines,
    figure,
    hovered,
    score_on_axis,
    title_of,
)
from hpo.reports.figures.palette import TEST, TRAIN, VALIDATION
from hpo.reports.words.formatting import compact_label
from hpo.reports.words.no_effect import values_with_effect
from hpo.reports.words.numbers import CONFIDENCE_TEXT, head, interval_text, mean_text
from hpo.searching.metric import Metric
from hpo.searching.queued import DONE
from hpo.searching.space import Config

Row = tuple[str, str, Sequence[tuple[int, Estimate]]]
"""What a kind of dot is called and looks like, and the line and the estimate of each."""

SUBSET, ALL_OF_THE_DATA = "on the subset: validation", "on all of the data"
_STYLES = {
    "train": (TRAIN, "triangle-up"),
    "validation": (VALIDATION, "circle"),
    "test": (TEST, "diamond"),
}


def good_values(results: StudyResults) -> Figure | None:
    """Return the good values with the intervals of their fresh runs: on the subset, and on all of the data."""
    good, metric = [each for each in results.good if each.confirmed.runs], results.definition.metric
    if not good:
        return None
    lines = [f"<b>{each.rank}</b>  {config_lines(values_with_effect(results, each.config))}" for each in good]
    whole = [(i, full) for i, each in enumerate(good) if (full := on_all_data(results, each)) is not None]
    kind = "test" if any(full.test.runs for _, full in whole) else "validation"
    named = "" if metric.is_share else f" {metric.name}".replace("<", "&lt;")
    subset, on_all = (head(metric, f"{text}{named}") for text in _names(results, kind))
    rows: list[Row] = [(subset, "validation", [(i, each.confirmed) for i, each in enumerate(good)])]
    rows += [(on_all, kind, [(i, getattr(full, kind)) for i, full in whole])] if whole else []
    title = f"The good values, with {CONFIDENCE_TEXT} intervals of fresh runs"
    return _dots(metric, title, lines, rows, side_by_side=True)


def _names(results: StudyResults, kind: str) -> tuple[str, str]:
    """Return what the fresh runs are called, and those after them."""
    if results.definition.abilities.samples:
        return SUBSET, f"{ALL_OF_THE_DATA}: {kind}"
    return "confirmed: validation", kind


def compared_configs(results: StudyResults) -> Figure | None:
    """Return the configs of a comparison with their accuracies and intervals."""
    if not results.compared:
        return None
    lines = [_label(each.config) for each in results.compared]
    rows: list[Row] = [
        ("train", "train", [(i, each.train) for i, each in enumerate(results.compared)]),
        ("validation", "validation", [(i, each.validation) for i, each in enumerate(results.compared)]),
        ("test", "test", [(i, each.test) for i, each in enumerate(results.compared)]),
    ]
    return _dots(results.definition.metric, f"The configs, with {CONFIDENCE_TEXT} intervals of their runs", lines, rows)


def subset_and_full(results: StudyResults) -> Figure | None:
    """Return the score of each good value on the subset against its score on all of the data, both in validation.

    A search score is there where the trial was trained to its end: what was stopped before has no such score.
    """
    pairs = [(each, full) for each in results.good if (full := on_all_data(results, each)) is not None]
    if not pairs or not results.definition.abilities.samples:
        return None
    whole, metric = [full.validation for _, full in pairs], results.definition.metric
    ranks = [str(each.rank) for each, _ in pairs]
    common: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers+text",
        "text": ranks,
        "textposition": "top right",
        "y": [score_on_axis(metric, each.mean) for each in whole],
    }
    confirmed = [each.confirmed for each, _ in pairs]
    x, y = hovered(metric, "x"), hovered(metric, "y")
    whole_trainings = [i for i, (each, _) in enumerate(pairs) if each.trained == DONE]
    data = [
        common
        | {
            "name": "confirmed by fresh runs",
            "x": [score_on_axis(metric, each.mean) for each in confirmed],
            "error_x": bars(metric, confirmed) | {"color": VALIDATION},
            "error_y": bars(metric, whole) | {"color": VALIDATION},
            "marker": {"color": VALIDATION, "size": 9},
            "hovertemplate": f"good value %{{text}}: {x} on the subset, {y} on all<extra></extra>",
        },
        common
        | {
            "name": "score in the search, which chose it",
            "x": [score_on_axis(metric, pairs[i][0].search_score) for i in whole_trainings],
            "y": [score_on_axis(metric, whole[i].mean) for i in whole_trainings],
            "text": [ranks[i] for i in whole_trainings],
            "marker": {"color": TRAIN, "size": 9, "symbol": "circle-open", "line": {"width": 2}},
            "hovertemplate": f"good value %{{text}}: {x} in the search, {y} on all<extra></extra>",
        },
    ][: 2 if whole_trainings else 1]
    return figure(
        "The subset's scores against all of the data (by rank)",
        data,
        xaxis=axis(title_of(metric, f"on the subset: validation {metric.name}")),
        yaxis=axis(title_of(metric, "on all of the data: validation")),
    )


def on_all_data(results: StudyResults, good: GoodValue) -> FullResult | None:
    """Return what a good value reached on all of the data, as it was carried over."""
    return next((full for full in results.full if full.stage == "full" and full.source == good.key), None)


def _dots(
    metric: Metric, title: str, lines: Sequence[str], rows: Sequence[Row], *, side_by_side: bool = False
) -> Figure:
    """Return a line for each of `lines`, the first on top, with a dot and a bar of each kind on it.

    `side_by_side`: each kind has an axis of its own, where the kinds lie so far apart that intervals would be lost.
    """
    data: list[dict[str, Any]] = []
    for j, (name, kind, dots) in enumerate(rows):
        colour, symbol = _STYLES[kind]
        estimates = [each for _, each in dots]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [score_on_axis(metric, each.mean) for each in estimates],
                "y": [i if side_by_side else i + 0.22 * (j - (len(rows) - 1) / 2) for i, _ in dots],
                "xaxis": f"x{j + 1}" if side_by_side and j else "x",
                "error_x": bars(metric, estimates) | {"color": colour},
                "marker": {"color": colour, "size": 10, "symbol": symbol},
                "text": [_interval(metric, each) for each in estimates],
                "hovertemplate": "%{text}<extra>" + name + "</extra>",
            }
        )
    ticks = {"tickmode": "array", "tickvals": list(range(len(lines))), "ticktext": list(lines)}
    upright = axis("", range=[len(lines) - 0.5, -0.5], **ticks)
    if not side_by_side:
        return figure(title, data, xaxis=axis(title_of(metric, metric.name)), yaxis=upright)
    width = 1 / len(rows)
    axes = {
        f"xaxis{j + 1 if j else ''}": axis(name, domain=[j * width, (j + 1) * width - 0.04])
        for j, (name, _, _) in enumerate(rows)
    }
    return figure(title, data, yaxis=upright, showlegend=False, margin={"l": 60, "r": 20, "t": 45, "b": 50}, **axes)


def _interval(metric: Metric, each: Estimate) -> str:
    if metric.is_share:
        low, high = (100 * metric.value(end) for end in sorted((each.low, each.high)))
        return f"{100 * metric.value(each.mean):.1f} % ({low:.1f} .. {high:.1f})"
    return f"{mean_text(metric, each)} ({interval_text(metric, each)})"


def _label(config: Config) -> str:
    return compact_label(config).replace("<", "&lt;")
