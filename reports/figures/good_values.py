"""The figure of the good values: how accurate each is and how sure that is, and the search score that chose it."""

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
from hpo.reports.figures.rows import Rows, config_lines, frame_percents, no_effect_legend, rows_figure
from hpo.reports.words.formatting import (
    CONFIDENCE_TEXT,
    compact_items,
    config_text,
    count_text,
    interval_percent,
    percent,
)
from hpo.searching.queued import DONE
from hpo.searching.trials import Key


def good_values_figure(results: StudyResults) -> Figure | None:
    """Return a row for each good value: its confirmed validation accuracy and, once it is there, its test accuracy.

    Dots are means over fresh runs, bars their 90 % intervals. A diamond is the score of the search, which chose the
    config among many and is not one to expect; one of a training that was stopped early stands aside.
    """
    if not results.good:
        return None
    full = used(results)
    labels = [row_label(results, good, full.get(good.key)) for good in results.good]
    images = n_train(results, len(results.definition.rounds))
    detail = f"the good values, and how sure they are{no_effect_legend(results)}"
    rows = rows_figure(results, detail, labels, columns=2 if full else 1)
    axes = rows.panels[0]
    values = [100 * each for good in results.good for each in _ends(good.confirmed)]
    values += [100 * good.search_score for good in results.good if good.trained == DONE or not values]
    frame_percents(axes, values, f"validation, {count_text(images, 'training image')}, %")
    for good, middle in zip(results.good, rows.middles, strict=True):
        _draw(axes, good.confirmed, middle, VALIDATION, "o")
        _draw_score(axes, good, middle)
    if full:
        _draw_full(rows, results, full)
    _add_legend(rows.figure, results, bool(full))
    return rows.figure


def good_values_alt(results: StudyResults) -> str:
    """Return the good values in words: each one's confirmed validation accuracy, and test accuracy where known."""
    full = used(results)
    said = [
        f"{good.rank}: {config_text(good.config)}, validation {_said(good.confirmed)}"
        + "".join(f", {each}" for each in taken_elsewhere(results, full.get(good.key)))
        + (f", test {_said(full[good.key].test)}" if good.key in full else "")
        for good in results.good
    ]
    return (
        f"Dots with {CONFIDENCE_TEXT} intervals of the {count_text(len(results.good), 'good value')}, in percent, by "
        f"rank. {'. '.join(said)}."
    )


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
    own = {name: good.config[name] for name in results.definition.space.hyperparameters}
    return "\n".join([first, config_lines(results, own), *taken_elsewhere(results, full)])


def taken_elsewhere(results: StudyResults, full: FullResult | None) -> list[str]:
    """Return the learning rate that was adopted on all of the data, in words, where it is not that of the search."""
    if full is None or full.stage != "adopted":
        return []
    rate = results.definition.plain(full.config)["learning_rate"]
    trial = next(good for good in results.good if good.key == full.source)
    if rate == results.definition.plain(trial.config)["learning_rate"]:
        return []
    return [f"{compact_items({'learning_rate': rate})[0]} on all of the data"]


def _draw(axes: Axes, found: Estimate, y: float, colour: str, marker: str) -> None:
    """Draw an estimate as dot and bar, its number above; nothing where there is none yet."""
    if not found.runs:
        return
    mean = 100 * found.mean
    if not math.isnan(found.low):
        axes.plot(
            [100 * found.low, 100 * found.high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=3
        )
    axes.plot(mean, y, marker, markersize=7, color=colour, markeredgecolor=INK, markeredgewidth=0.6, zorder=4)
    style = people_text(fontsize=8.5, color=INK, ha="center", path_effects=HALO, zorder=5)
    axes.annotate(percent(found.mean), (mean, y), (0, 6), textcoords="offset points", **style)


def _draw_score(axes: Axes, good: GoodValue, y: float) -> None:
    """Draw the score of the search; one that is far lower, after a part of the training, as words at the edge."""
    score = 100 * good.search_score
    if score >= axes.get_xlim()[0]:
        axes.plot(score, y, "D", markersize=6, markerfacecolor="none", color=GREY, zorder=2)
        return
    text = f"\u25c2 {percent(good.search_score)} after {good.trained} %"
    style = people_text(va="center", fontsize=7.5, color=GREY)  # below the bar, which may reach as far to the left
    axes.annotate(text, (0, y), (0, -9.5), ("axes fraction", "data"), "offset points", **style)


def _draw_full(rows: Rows, results: StudyResults, full: Mapping[Key, FullResult]) -> None:
    axes = rows.panels[1]
    for good, middle in zip(results.good, rows.middles, strict=True):
        if good.key in full:
            _draw(axes, full[good.key].test, middle, TEST, "s")
    values = [100 * end for each in full.values() for end in _ends(each.test)]
    frame_percents(axes, values, "test, all of the training images, %")


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
        label = f"{count_text(seeds, 'seed')} on all of the data"
        handles.append(Line2D([], [], color=TEST, marker="s", label=label, **style))
    add_legend(figure, handles)


def _ends(found: Estimate) -> list[float]:
    ends = (found.mean, max(0.0, found.low), min(1.0, found.high))
    return [end for end in ends if not math.isnan(end)] if found.runs else []


def _said(found: Estimate) -> str:
    if not found.runs:
        return "not confirmed yet"
    interval = interval_percent(found)
    return percent(found.mean) + (f" ({interval})" if interval != "-" else "")
