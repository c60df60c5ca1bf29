"""The figure of the good values: how good each is and how sure that is, and the search score that chose it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hpo.proof.estimates import Estimate
from hpo.proof.final_runs import FullResult
from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults
from hpo.reports.facts.outcomes import n_train
from hpo.reports.figures.drawing import HALO, people_text
from hpo.reports.figures.framing import add_legend
from hpo.reports.figures.palette import GREY, INK, TEST, VALIDATION
from hpo.reports.figures.recommended import is_recommended
from hpo.reports.figures.rows import Rows, config_lines, frame_values, no_effect_legend, rows_figure
from hpo.reports.words.abilities import runs_text
from hpo.reports.words.formatting import (
    compact_items,
    config_text,
    count_text,
    example,
    examples,
)
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    ends_of,
    interval_text,
    mean_text,
    plotted,
    score_text,
    shown_value,
)
from hpo.searching.metric import Metric
from hpo.searching.queued import DONE
from hpo.searching.trials import Key


def good_values_figure(results: StudyResults) -> Figure | None:
    """Return a row for each good value: its confirmed validation value and, once it is there, its test value.

    Dots are means over fresh runs, bars their 90 % intervals. A diamond is the score of the search, which chose the
    config among many and is not one to expect; one of a training that was stopped early stands aside.
    """
    if not results.good:
        return None
    full, metric = used(results), results.definition.metric
    labels = [row_label(results, good, full.get(good.key)) for good in results.good]
    images = n_train(results, len(results.definition.rounds))
    detail = f"the good values, and how sure they are{no_effect_legend(results)}"
    rows = rows_figure(results, detail, labels, columns=2 if full else 1)
    axes = rows.panels[0]
    values = [each for good in results.good for each in _ends(metric, good.confirmed)]
    values += [plotted(metric, good.search_score) for good in results.good if good.trained == DONE or not values]
    counted = results.definition.abilities.samples
    trained = f", {count_text(images, f'training {example(results)}')}" if counted else ""
    frame_values(axes, metric, values, f"{_validation(metric)}{trained}")
    for good, middle in zip(results.good, rows.middles, strict=True):
        _draw(axes, metric, good.confirmed, middle, (VALIDATION, "o"))
        _draw_score(axes, metric, good, middle)
    if full:
        _draw_full(rows, results, full)
    _add_legend(rows.figure, results, bool(full))
    return rows.figure


def good_values_alt(results: StudyResults) -> str:
    """Return the good values in words: each one's confirmed validation value, and test value where known."""
    full, metric = used(results), results.definition.metric
    said = [
        f"{good.rank}: {config_text(good.config)}, validation {_said(metric, good.confirmed)}"
        + "".join(f", {each}" for each in taken_elsewhere(results, full.get(good.key)))
        + _on_all(metric, full.get(good.key))
        for good in results.good
    ]
    unit = "in percent" if metric.is_share else f"in {metric.name}"
    return (
        f"Dots with {CONFIDENCE_TEXT} intervals of the {count_text(len(results.good), 'good value')}, {unit}, by "
        f"rank. {'. '.join(said)}."
    )


def _validation(metric: Metric) -> str:
    return "validation" if metric.is_share else f"validation {metric.name}"


def _on_all(metric: Metric, full: FullResult | None) -> str:
    if full is None:
        return ""
    if full.test.runs:
        return f", test {_said(metric, full.test)}"
    return f", on all of the data {_said(metric, full.validation)}"


def used(results: StudyResults) -> Mapping[Key, FullResult]:
    """Return what each good value reached on all of the data: with the adopted learning rate, where there is one."""
    found: dict[Key, FullResult] = {}
    for each in results.full:
        if each.ranked and (each.source not in found or each.stage == "adopted"):
            found[each.source] = each
    return found


def row_label(results: StudyResults, good: GoodValue, full: FullResult | None) -> str:
    """Return the words of a row: the rank, whether this is the one to use, and its config as the search tried it.

    `full` is what it reached on all of the data; where another learning rate was adopted there, a line says so.
    """
    first = f"Good-{good.rank}"
    if is_recommended(results, good):
        first += ", the one to use" if results.state == "done" else ", best so far"
    own = {name: good.config[name] for name in results.definition.space.hyperparameters if name in good.config}
    return "\n".join([first, config_lines(results, own), *taken_elsewhere(results, full)])


def taken_elsewhere(results: StudyResults, full: FullResult | None) -> list[str]:
    """Return the learning rate that was adopted on all of the data, in words, where it is not that of the search."""
    if full is None or full.stage != "adopted":
        return []
    rate = results.definition.plain(full.config).get("learning_rate")
    trial = next(good for good in results.good if good.key == full.source)
    if rate == results.definition.plain(trial.config).get("learning_rate") or rate is None:
        return []
    return [f"{compact_items({'learning_rate': rate})[0]} on all of the data"]


def _draw(axes: Axes, metric: Metric, found: Estimate, y: float, look: tuple[str, str]) -> None:
    """Draw an estimate as dot and bar, its number above; nothing where there is none yet."""
    if not found.runs:
        return
    mean, (colour, marker) = plotted(metric, found.mean), look
    if not math.isnan(found.low):
        ends = [plotted(metric, found.low), plotted(metric, found.high)]
        axes.plot(ends, [y, y], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=3)
    axes.plot(mean, y, marker, markersize=7, color=colour, markeredgecolor=INK, markeredgewidth=0.6, zorder=4)
    style = people_text(fontsize=8.5, color=INK, ha="center", path_effects=HALO, zorder=5)
    axes.annotate(mean_text(metric, found), (mean, y), (0, 6), textcoords="offset points", **style)


def _draw_score(axes: Axes, metric: Metric, good: GoodValue, y: float) -> None:
    """Draw the score of the search; one that is far worse, after a part of the training, as words at the edge."""
    value, (low, high) = plotted(metric, good.search_score), axes.get_xlim()
    if value >= low if metric.maximized else low <= value <= high:
        axes.plot(value, y, "D", markersize=6, markerfacecolor="none", color=GREY, zorder=2)
        return
    text = f"{score_text(metric, good.search_score)} after {good.trained} %"
    if value > high:
        style = people_text(va="center", ha="right", fontsize=7.5, color=GREY)
        axes.annotate(f"{text} \u25b8", (1, y), (0, -9.5), ("axes fraction", "data"), "offset points", **style)
        return
    text = f"\u25c2 {text}"
    style = people_text(va="center", fontsize=7.5, color=GREY)  # below the bar, which may reach as far to the left
    axes.annotate(text, (0, y), (0, -9.5), ("axes fraction", "data"), "offset points", **style)


def _draw_full(rows: Rows, results: StudyResults, full: Mapping[Key, FullResult]) -> None:
    axes = rows.panels[1]
    metric, tested = results.definition.metric, _tested(full)
    found = {key: each.test if tested else each.validation for key, each in full.items()}
    for good, middle in zip(results.good, rows.middles, strict=True):
        if good.key in found:
            _draw(axes, metric, found[good.key], middle, (TEST if tested else VALIDATION, "s"))
    values = [end for each in found.values() for end in _ends(metric, each)]
    name = "test" if tested else "validation"
    named = name if metric.is_share else f"{name} {metric.name}"
    whole = f", all of the training {examples(results)}" if results.definition.abilities.samples else ""
    frame_values(axes, metric, values, f"{named}{whole}")


def _tested(full: Mapping[Key, FullResult]) -> bool:
    return any(each.test.runs for each in full.values())


def _add_legend(figure: Figure, results: StudyResults, full: bool) -> None:
    style: dict[str, Any] = {"markeredgecolor": INK, "markeredgewidth": 0.6, "markersize": 7, "linewidth": 2.2}
    handles = [
        Line2D([], [], color=VALIDATION, marker="o", label=f"fresh runs, {CONFIDENCE_TEXT} interval", **style),
        Line2D(
            [],
            [],
            linestyle="",
            color=GREY,
            marker="D",
            markerfacecolor="none",
            label="score in the search (\u25c2 after a part)",
        ),
    ]
    if full:
        seeds = max(len(each.runs) for each in used(results).values())
        again = "on all of the data" if results.definition.abilities.samples else "on the test set"
        label = f"{runs_text(results, seeds)} {again}"
        colour = TEST if _tested(used(results)) else VALIDATION
        handles.append(Line2D([], [], color=colour, marker="s", label=label, **style))
    add_legend(figure, handles)


def _ends(metric: Metric, found: Estimate) -> list[float]:
    ends = (metric.value(found.mean), *ends_of(metric, found))
    return [shown_value(metric, end) for end in ends if not math.isnan(end)] if found.runs else []


def _said(metric: Metric, found: Estimate) -> str:
    if not found.runs:
        return "not confirmed yet"
    interval = interval_text(metric, found)
    return mean_text(metric, found) + (f" ({interval})" if interval != "-" else "")
