"""The figure of a certificate: each config's accuracy on the reference over its accuracy on fewer images."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpo.certificate.ranking import Floats, SizeVerdict
from hpo.record.certificate import Findings
from hpo.reports.figures.drawing import new_figure, people_text, set_headlines
from hpo.reports.figures.palette import GREY, INK, TRAIN, VALIDATION
from hpo.reports.words.numbers import axis_title, difference_words
from hpo.searching.metric import Metric

MARGIN = 0.08


def certificate_figure(findings: Findings) -> Figure:
    """Return a panel for each size: the better half of the configs in colour, what lies in its frame of the rest grey.

    A dot is the mean over seeds, its bars reach from the lowest to the highest seed; rings mark the config that the
    size puts first, and the one that the reference does.
    """
    found = findings.certificate
    figure = new_figure(4.2 * len(found.sizes), 4.9)
    panels = list(np.atleast_1d(figure.subplots(1, len(found.sizes), sharey=True)))
    metric = findings.definition.metric
    reference = _values(metric, findings.scores[found.reference])
    for axes, verdict in zip(panels, found.sizes, strict=True):
        _draw(axes, metric, verdict, _values(metric, findings.scores[verdict.size]), reference)
    panels[0].set_ylabel(_title(metric, found.reference.samples), **people_text(fontsize=9, color=INK))
    detail = (
        f"study {findings.definition.name} on {findings.source['provenance']}: {found.configs} configs from "
        f"{findings.plan.where}, {found.seeds} seeds; blue: the better half, bars: from the lowest to the highest "
        "seed; rings: the best of the size (orange) and of the reference (blue)"
    )
    set_headlines(figure, f"do fewer images rank the configs like {found.reference.samples} do?", detail)
    return figure


def _values(metric: Metric, scores: Floats) -> Floats:
    """Return scores as they stand on an axis: values of the metric, shares in percent."""
    values: Floats = (1 if metric.maximized else -1) * (100 if metric.is_share else 1) * scores
    return values


def _title(metric: Metric, samples: int) -> str:
    return axis_title(metric, f"{metric.name} on {samples} images")


def _draw(axes: Axes, metric: Metric, verdict: SizeVerdict, candidate: Floats, reference: Floats) -> None:
    x, y = candidate.mean(axis=1), reference.mean(axis=1)
    sign = 1 if metric.maximized else -1
    half = np.argsort(-sign * y, kind="stable")[: (len(y) + 1) // 2]
    rest = np.setdiff1d(np.arange(len(y)), half)
    for rows, colour in ((rest, GREY), (half, VALIDATION)):
        bars = [
            np.abs([table[rows].min(axis=1) - mean[rows], table[rows].max(axis=1) - mean[rows]])
            for table, mean in ((candidate, x), (reference, y))
        ]
        axes.errorbar(
            x[rows],
            y[rows],
            xerr=bars[0],
            yerr=bars[1],
            fmt="o",
            markersize=4,
            color=colour,
            elinewidth=0.7,
            alpha=0.85,
        )
    for place, colour, size in ((np.argmax(sign * x), TRAIN, 13), (np.argmax(sign * y), VALIDATION, 17)):
        axes.plot(x[place], y[place], "o", markersize=size, fillstyle="none", color=colour, markeredgewidth=1.4)
    shown = np.union1d(half, np.argmax(sign * x))
    axes.set_xlim(*_frame(metric, candidate[shown]))
    axes.set_ylim(*_frame(metric, reference[half]))
    verdict_text = "passes" if verdict.passes else "does not pass"
    axes.set_title(f"{verdict.size.samples} images: {verdict_text}", loc="left", fontsize=10, color=INK)
    text = (
        f"tau {verdict.tau:.2f}, at least {verdict.tau_low:.2f}\n"
        f"{difference_words(metric, verdict.loss, signed=True)} lost"
    )
    style = people_text(fontsize=8.5, color=INK, va="top")
    axes.text(0.03, 0.97, text, transform=axes.transAxes, **style)
    axes.set_xlabel(_title(metric, verdict.size.samples), **people_text(fontsize=9, color=INK))
    axes.tick_params(labelsize=8, colors=INK)


def _frame(metric: Metric, values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = max(MARGIN * (high - low), 0.1 if metric.is_share else 1e-3 * abs(high))
    return low - margin, high + 2 * margin
