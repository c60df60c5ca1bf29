"""Labels that keep clear of each other and of what they must not cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

Offset = tuple[float, float]
POINT, REACH, FAR = 25.0, 5.0, 1.0
_ALIGNMENTS = {-1: ("right", "top"), 0: ("center", "center"), 1: ("left", "bottom")}


@dataclass
class Obstacles:
    """What labels should not cover, in pixels: areas that are `taken` and, less bad, `points` (N, 2).

    They should stay `inside`.
    """

    inside: Bbox
    points: NDArray[np.float64]
    taken: list[Bbox] = field(default_factory=list)

    def cost(self, extent: Bbox) -> float:
        """Return how bad it is to cover `extent`: in square pixels, a point as bad as POINT of them."""
        covered = sum(_overlap(extent, other) for other in self.taken)
        outside = _area(extent) - _overlap(extent, self.inside)
        wider = extent.padded(REACH)
        within = np.all((self.points >= wider.min) & (self.points <= wider.max), axis=1)
        return covered + outside + POINT * float(np.count_nonzero(within))


def place(label: Annotation, anchors: Sequence[tuple[Any, Sequence[Offset]]], obstacles: Obstacles) -> None:
    """Move `label` to the first of the places where it covers nothing, and make it an obstacle itself.

    A place is an anchor (the annotated point, in the label's own coordinates) and an offset from it in points. Where
    every place costs something, the cheapest wins; to be far from the anchor costs too.
    """
    best: tuple[float, Any, Offset, Bbox] | None = None
    size = np.array(label.get_window_extent().size)  # to measure a text is slow, and it is as large wherever it stands
    for anchor, offsets in anchors:
        for offset in offsets:
            extent = _extent(label, size, anchor, offset).padded(2)
            cost = obstacles.cost(extent) + FAR * (offset[0] ** 2 + offset[1] ** 2)
            if best is None or cost < best[0] - 1e-6:
                best = (cost, anchor, offset, extent)
    if best is not None:
        _move(label, best[1], best[2])
        obstacles.taken.append(best[3])


def _extent(label: Annotation, size: NDArray[np.float64], anchor: Any, offset: Offset) -> Bbox:
    """Return the pixels that a label of `size` covers beside `anchor`, a point in the data of its axes."""
    if label.axes is None:
        raise ValueError(f"the label {label.get_text()!r} is in no axes, so its place is not known")
    point = label.axes.transData.transform(anchor) + np.array(offset) * label.axes.figure.dpi / 72
    share = np.array([{-1: 1.0, 0: 0.5, 1: 0.0}[_sign(part)] for part in offset])
    low = point - share * size
    return Bbox([low, low + size])


def _move(label: Annotation, anchor: Any, offset: Offset) -> None:
    label.xy = anchor
    label.set_position(offset)
    label.set_horizontalalignment(_ALIGNMENTS[_sign(offset[0])][0])  # type: ignore[arg-type]
    label.set_verticalalignment(_ALIGNMENTS[_sign(offset[1])][1])  # type: ignore[arg-type]


def _sign(part: float) -> int:
    return 0 if part == 0 else 1 if part > 0 else -1


def _area(box: Bbox) -> float:
    return float(box.width * box.height)


def _overlap(a: Bbox, b: Bbox) -> float:
    common = Bbox.intersection(a, b)
    return 0.0 if common is None else _area(common)
