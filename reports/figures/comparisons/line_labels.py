"""Names at the ends of lines, instead of a legend: each as near to its line's end as the others let it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from numpy.typing import NDArray

from hpo.reports.figures.drawing import HALO, people_text

APART = 1.15
"""The distance of two labels, in heights of one."""


@dataclass(frozen=True, slots=True)
class LineEnd:
    """The name of a line, the value (data units) where it ends, and its colour."""

    text: str
    y: float
    colour: str


def label_ends(axes: Axes, ends: Sequence[LineEnd], size: float = 9) -> list[Annotation]:
    """Write each name right of the frame at the height of its line's end; `spread_labels` moves them apart later.

    They are written before the layout is made, so that it leaves room for them.
    """
    return [
        axes.annotate(
            end.text,
            (1, end.y),
            (6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
            **people_text(fontsize=size, color=end.colour, path_effects=HALO),
        )
        for end in ends
    ]


def spread_labels(axes: Axes, labels: Sequence[Annotation]) -> None:
    """Move `labels` up and down, and no further than they must, until none touches another; the layout must stand."""
    if not labels:
        return
    heights = [label.get_window_extent().height for label in labels]
    wanted = np.array([axes.transData.transform((0, label.xy[1]))[1] for label in labels])
    frame = axes.get_window_extent()
    placed = spread(wanted, APART * max(heights), frame.y0 + heights[0] / 2, frame.y1 - heights[0] / 2)
    for label, y, old in zip(labels, placed, wanted, strict=True):
        label.set_position((6, (y - old) * 72 / axes.figure.dpi))


def spread(wanted: NDArray[np.float64], apart: float, low: float, high: float) -> NDArray[np.float64]:
    """Return the places nearest to `wanted`, both (N,), in its order, at least `apart` from each other, in low .. high.

    Least squares under an order: with the distances taken out this is isotonic regression, solved by pooling whatever
    is out of order. What does not fit between `low` and `high` reaches over the lower end.
    """
    order = np.argsort(wanted, kind="stable")
    steps = apart * np.arange(len(wanted))
    pools: list[list[float]] = []
    for value in wanted[order] - steps:
        pools.append([float(value)])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    level = np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools])
    level = np.minimum(np.maximum(level, low), high - steps[-1])
    placed: NDArray[np.float64] = np.empty_like(level)
    placed[order] = level + steps
    return placed
