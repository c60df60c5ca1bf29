"""The figure of how a search went: every trial's score in its order, the best so far, and what of that is not luck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from hpo.record.results import StudyResults
from hpo.reports.facts.luck import best_so_far
from hpo.reports.facts.outcomes import Outcome, outcomes, running_best
from hpo.reports.facts.score_ranges import inside, known_values, value_or, value_range, worst_end
from hpo.reports.figures.boxes import DENSE, MARKERS
from hpo.reports.figures.drawing import HALO, people_text
from hpo.reports.figures.framing import Room, add_legend, dress, framed
from hpo.reports.figures.palette import FAINT, GREY, INK, TRAIN, VALIDATION
from hpo.reports.figures.values import name_values
from hpo.reports.words.formatting import count_text
from hpo.reports.words.luck import luck_note
from hpo.reports.words.numbers import plotted, shown_value
from hpo.searching.metric import Metric


def history_figure(results: StudyResults) -> Figure | None:
    """Return the validation value by trial, in the order of the search, with the best so far and its corrected one.

    A stopped trial is drawn with its value at the rung where it was stopped, a failed one at the worse end of the axis,
    as is what lies beyond it. The better a value of a minimized metric, the lower it stands.
    """
    listed = outcomes(results)
    ended = [each for each in listed if each.state in MARKERS]
    if not ended:
        return None
    best, metric = best_so_far(results), results.definition.metric
    figure, (axes,) = framed(
        results, "every trial, and the best so far", width=8.0, panel=3.4, room=Room(left=0.7, below=0.85, above=0.28)
    )
    dress(axes)
    place = {(each.round, each.index): i for i, each in enumerate(listed, 1)}
    ends = value_range(metric, known_values(metric, ended))
    _draw_trials(axes, metric, ended, place, ends)
    so_far = [(each.key, each.score) for each in best] or running_best(results)
    axes.step(
        [place[key] for key, _ in so_far],
        [shown_value(metric, inside(metric.value(score), ends)) for _, score in so_far],
        where="post",
        color=VALIDATION,
        linewidth=1.7,
        zorder=5,
    )
    if best:
        x, corrected = [place[each.key] for each in best], [plotted(metric, each.corrected) for each in best]
        axes.step(x, corrected, where="post", color=TRAIN, linewidth=1.7, linestyle="--", zorder=6)
    axes.set_xlim(0.5, len(listed) + 0.5)
    axes.set_ylim(shown_value(metric, ends[0]), shown_value(metric, ends[1]))
    axes.set_xlabel("trial, in the order of the rounds", fontsize=9, color=INK)
    name_values(axes.yaxis, metric, f"validation {metric.name}", axes.get_ylim(), fontsize=9, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]))
    _mark_rounds(axes, listed)
    _add_legend(figure, ended, best=bool(so_far), corrected=bool(best))
    return figure


def history_alt(results: StudyResults) -> str:
    """Return in words where the best score came from, and what of it is luck."""
    listed = outcomes(results)
    counts = {state: sum(each.state == state for each in listed) for state in MARKERS}
    tried = f"{count_text(len(listed), 'trial')}: {', '.join(f'{n} {state}' for state, n in counts.items() if n)}"
    shown = f"Validation {results.definition.metric.name} by trial, in the order of the rounds. {tried}."
    so_far = [(each.key, each.score) for each in best_so_far(results)] or running_best(results)
    if not so_far:
        return shown
    place = {(each.round, each.index): i for i, each in enumerate(listed, 1)}
    first = next(key for key, score in so_far if score == so_far[-1][1])
    return " ".join(
        [
            shown,
            f"The best score was found at trial {place[first]}, in round {first[0]}.",
            *luck_note(results),
        ]
    )


def _draw_trials(
    axes: Axes,
    metric: Metric,
    ended: Sequence[Outcome],
    place: dict[tuple[int, int], int],
    ends: tuple[float, float],
) -> None:
    worst = worst_end(metric, ends)
    size = float(np.clip(3600 / len(ended), 9, 30))
    for state, marker in MARKERS.items():
        mine = [each for each in ended if each.state == state]
        if mine:
            axes.scatter(
                [place[each.round, each.index] for each in mine],
                [shown_value(metric, inside(value_or(metric, each, worst), ends)) for each in mine],
                s=size,
                marker=marker,
                linewidths=0.9,
                zorder=3,
                clip_on=False,
                rasterized=len(ended) > DENSE,
                facecolors=GREY if state == "failed" else "none",
                edgecolors=None if state == "failed" else GREY,
            )


def _mark_rounds(axes: Axes, listed: Sequence[Outcome]) -> None:
    """Part the rounds by lines, with their numbers over them where there is room."""
    numbers = [each.round for each in listed]
    rounds = sorted(set(numbers))
    for number in rounds:
        start = numbers.index(number)
        if start:
            axes.axvline(start + 0.5, color=FAINT, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
        middle = start + 0.5 + numbers.count(number) / 2
        text = f"round {number}" if numbers.count(number) > 0.09 * len(numbers) else str(number)
        if numbers.count(number) > 0.025 * len(numbers):
            style = people_text(ha="center", fontsize=8.5, color=GREY, path_effects=HALO)
            axes.annotate(text, (middle, 1), (0, 5), ("data", "axes fraction"), "offset points", **style)


def _add_legend(figure: Figure, ended: Sequence[Outcome], *, best: bool, corrected: bool) -> None:
    names = {"complete": "complete", "stopped": "stopped early", "failed": "failed"}
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=GREY, markerfacecolor="none", label=names[state])
        for state, marker in MARKERS.items()
        if any(each.state == state for each in ended)
    ]
    if best:
        handles.append(Line2D([], [], color=VALIDATION, linewidth=1.7, label="best so far"))
    if corrected:
        handles.append(Line2D([], [], color=TRAIN, linewidth=1.7, linestyle="--", label="corrected for luck"))
    add_legend(figure, handles)
