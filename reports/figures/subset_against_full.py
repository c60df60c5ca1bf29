"""The figure of carrying over: each good value's score on all of the data over its score on the subset."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from hpo.proof.estimates import Estimate
from hpo.proof.final_runs import FullResult
from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults
from hpo.reports.facts.agreement import Agreement, agreement
from hpo.reports.facts.outcomes import n_train
from hpo.reports.figures.drawing import HALO, wrapped
from hpo.reports.figures.framing import Room, dress, framed
from hpo.reports.figures.labels import Obstacles, place
from hpo.reports.figures.palette import GOOD, GREY, INK, VALIDATION
from hpo.reports.figures.values import name_values
from hpo.reports.words.certificate import certificate_note
from hpo.reports.words.formatting import count_text, example, examples
from hpo.reports.words.numbers import CONFIDENCE_TEXT, mean_text, plotted
from hpo.searching.metric import Metric

_LETTERS = 110
_NEAR = [(6.0, 4.0), (-6.0, 4.0), (6.0, -4.0), (-6.0, -4.0), (0.1, 8.0), (0.1, -8.0), (9.0, 0.1), (-9.0, 0.1)]


def subset_against_full_figure(results: StudyResults) -> Figure | None:
    """Return the validation score on all of the data over that of the confirmation on the subset, with intervals.

    Neither was used to choose what is compared here: the runs are fresh, and the seeds of one side are others
    than those of the other.
    """
    pairs = _pairs(results)
    if not pairs or not results.definition.abilities.samples:
        return None
    found = subset_agreement(results)
    said = wrapped(found.sentence, _LETTERS)
    room = Room(left=0.8, below=0.62, above=0.15 + 0.16 * (said.count("\n") + 1))
    detail = f"do few {examples(results)} rank the good values like all of the data?"
    figure, (axes,) = framed(results, detail, width=8.0, panel=4.2, room=room)
    dress(axes)
    axes.set_title(said, loc="left", fontsize=9, color=INK, linespacing=1.2)
    metric = results.definition.metric
    validation = "validation" if metric.is_share else f"validation {metric.name}"
    _frame(axes, metric, [good.confirmed for good, _ in pairs], [full.validation for _, full in pairs])
    images = n_train(results, len(results.definition.rounds))
    confirmed = f"{validation}, confirmed on {count_text(images, f'training {example(results)}')}"
    whole = f"{validation}, trained on all of the data"
    name_values(axes.xaxis, metric, confirmed, axes.get_xlim(), fontsize=9, color=INK)
    name_values(axes.yaxis, metric, whole, axes.get_ylim(), fontsize=9, color=INK)
    for good, full in pairs:
        x, y = plotted(metric, good.confirmed.mean), plotted(metric, full.validation.mean)
        for estimate, across in ((good.confirmed, True), (full.validation, False)):
            if not math.isnan(estimate.low):
                ends = [plotted(metric, end) for end in (estimate.low, estimate.high)]
                axes.plot(*((ends, [y, y]) if across else ([x, x], ends)), color=GREY, linewidth=0.9)
        axes.plot(x, y, "o", color=VALIDATION, markersize=7, markeredgecolor=INK, markeredgewidth=0.6, zorder=4)
    _label(axes, metric, pairs)
    return figure


def subset_against_full_alt(results: StudyResults) -> str:
    """Return the pairs of values in words, and whether the two rank alike."""
    metric = results.definition.metric
    percent = ", in percent," if metric.is_share else ","
    said = [
        f"{good.rank}: {mean_text(metric, good.confirmed)} on the subset, {mean_text(metric, full.validation)} on all"
        for good, full in _pairs(results)
    ]
    return (
        f"Validation {metric.name} of the good values on all of the data over that on the subset{percent} with "
        f"{CONFIDENCE_TEXT} intervals. {subset_agreement(results).sentence}. {'; '.join(said)}. "
        f"{' '.join(certificate_note(results))}"
    )


def subset_agreement(results: StudyResults) -> Agreement:
    """Return how far the good values' order on the subset is that on all of the data."""
    pairs = _pairs(results)
    return agreement([good.confirmed.mean for good, _ in pairs], [full.validation.mean for _, full in pairs])


def _pairs(results: StudyResults) -> list[tuple[GoodValue, FullResult]]:
    """Return each good value with what it reached on all of the data as it is, without what was tried around it."""
    full = {each.source: each for each in results.full if each.stage == "full"}
    return [(good, full[good.key]) for good in results.good if good.key in full and good.confirmed.runs]


def _frame(axes: Axes, metric: Metric, across: list[Estimate], up: list[Estimate]) -> None:
    for found, limit in ((across, axes.set_xlim), (up, axes.set_ylim)):
        ends = [
            plotted(metric, end) for each in found for end in (each.mean, each.low, each.high) if not math.isnan(end)
        ]
        margin = max(0.08 * (max(ends) - min(ends)), 0.1 if metric.is_share else 1e-3 * abs(max(ends)))
        limit(min(ends) - margin, max(ends) + margin)


def _label(axes: Axes, metric: Metric, pairs: list[tuple[GoodValue, FullResult]]) -> None:
    """Write the rank of each good value beside its dot, clear of the dots and of the other ranks."""
    centres = [(plotted(metric, good.confirmed.mean), plotted(metric, full.validation.mean)) for good, full in pairs]
    points = axes.transData.transform(np.reshape(centres, (-1, 2)))
    dots = [Bbox.from_extents(x, y, x, y).padded(axes.figure.dpi * 4.5 / 72) for x, y in points]
    obstacles = Obstacles(axes.get_window_extent(), points, dots)
    for (good, _), centre in zip(pairs, centres, strict=True):
        label = axes.annotate(
            str(good.rank),
            centre,
            (0, 0),
            textcoords="offset points",
            color=GOOD,
            fontsize=10.5,
            fontweight="bold",
            path_effects=HALO,
            zorder=8,
        )
        place(label, [(centre, _NEAR + [(2.2 * dx, 2.2 * dy) for dx, dy in _NEAR])], obstacles)
