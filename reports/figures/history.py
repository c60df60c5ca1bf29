"""The figure of how a search went: every trial's score in its order, the best so far, and what of that is not luck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from hpo.record.results import StudyResults
from hpo.reports.facts.luck import BestSoFar, best_so_far
from hpo.reports.facts.outcomes import Outcome, outcomes
from hpo.reports.figures.boxes import DENSE, MARKERS
from hpo.reports.figures.drawing import HALO, people_text
from hpo.reports.figures.framing import Room, add_legend, dress, framed
from hpo.reports.figures.palette import FAINT, GREY, INK, TRAIN, VALIDATION
from hpo.reports.words.formatting import count_text
from hpo.reports.words.luck import luck_note


def history_figure(results: StudyResults) -> Figure | None:
    """Return validation accuracy by trial, in the order of the search, with the best so far and its corrected score.

    A stopped trial is drawn with its score at the rung where it was stopped, a failed one at 0.
    """
    listed = outcomes(results)
    ended = [each for each in listed if each.state in MARKERS]
    if not ended:
        return None
    best = best_so_far(results)
    figure, (axes,) = framed(
        results, "every trial, and the best so far", width=8.0, panel=3.4, room=Room(left=0.7, below=0.85, above=0.28)
    )
    dress(axes)
    place = {(each.round, each.index): i for i, each in enumerate(listed, 1)}
    _draw_trials(axes, ended, place)
    x = [place[each.key] for each in best]
    axes.step(x, [100 * each.score for each in best], where="post", color=VALIDATION, linewidth=1.7, zorder=5)
    corrected = [100 * each.corrected for each in best]
    axes.step(x, corrected, where="post", color=TRAIN, linewidth=1.7, linestyle="--", zorder=6)
    axes.set_xlim(0.5, len(listed) + 0.5)
    axes.set_ylim(0, 100)
    axes.set_xlabel("trial, in the order of the rounds", fontsize=9, color=INK)
    axes.set_ylabel("validation accuracy, %", fontsize=9, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]))
    _mark_rounds(axes, listed)
    _add_legend(figure, ended, best)
    return figure


def history_alt(results: StudyResults) -> str:
    """Return in words where the best score came from, and what of it is luck."""
    listed = outcomes(results)
    counts = {state: sum(each.state == state for each in listed) for state in MARKERS}
    tried = f"{count_text(len(listed), 'trial')}: {', '.join(f'{n} {state}' for state, n in counts.items() if n)}"
    best = best_so_far(results)
    if not best:
        return f"Validation accuracy by trial, in the order of the rounds. {tried}."
    place = {(each.round, each.index): i for i, each in enumerate(listed, 1)}
    first = next(each for each in best if each.score == best[-1].score)
    return " ".join(
        [
            f"Validation accuracy by trial, in the order of the rounds. {tried}.",
            f"The best score was found at trial {place[first.key]}, in round {first.key[0]}.",
            *luck_note(results),
        ]
    )


def _draw_trials(axes: Axes, ended: Sequence[Outcome], place: dict[tuple[int, int], int]) -> None:
    size = float(np.clip(3600 / len(ended), 9, 30))
    for state, marker in MARKERS.items():
        mine = [each for each in ended if each.state == state]
        if mine:
            axes.scatter(
                [place[each.round, each.index] for each in mine],
                [0.0 if state == "failed" else 100 * (each.score or 0.0) for each in mine],
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


def _add_legend(figure: Figure, ended: Sequence[Outcome], best: Sequence[BestSoFar]) -> None:
    names = {"complete": "complete", "stopped": "stopped early", "failed": "failed"}
    handles = [
        Line2D([], [], linestyle="", marker=marker, color=GREY, markerfacecolor="none", label=names[state])
        for state, marker in MARKERS.items()
        if any(each.state == state for each in ended)
    ]
    if best:
        handles.append(Line2D([], [], color=VALIDATION, linewidth=1.7, label="best so far"))
        handles.append(Line2D([], [], color=TRAIN, linewidth=1.7, linestyle="--", label="corrected for luck"))
    add_legend(figure, handles)
