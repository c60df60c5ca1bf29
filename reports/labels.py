"""Labels that keep clear of each other and of what they must not cover."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

Offset = tuple[float, float]
_ALIGNMENTS = {-1: ("right", "top"), 0: ("center", "center"), 1: ("left", "bottom")}


def place(label: Annotation, anchors: Sequence[tuple[Any, Sequence[Offset]]], taken: list[Bbox], inside: Bbox) -> None:
    """Move `label` to the first of the places where it covers nothing in `taken`, and add its own extent to that.

    A place is an anchor (the annotated point, in the label's own coordinates) and an offset from it in points. Where
    everything overlaps, the place with the smallest overlap wins; leaving `inside` (pixels) counts as overlap too.
    """
    best: tuple[float, Any, Offset] | None = None
    for anchor, offsets in anchors:
        for offset in offsets:
            _move(label, anchor, offset)
            extent = label.get_window_extent().padded(2)
            cost = sum(_overlap(extent, other) for other in taken) + _area(extent) - _overlap(extent, inside)
            if best is None or cost < best[0] - 1e-6:
                best = (cost, anchor, offset)
    if best is not None:
        _move(label, best[1], best[2])
        taken.append(label.get_window_extent().padded(2))


def _move(label: Annotation, anchor: Any, offset: Offset) -> None:
    label.xy = anchor
    label.set_position(offset)
    sign = [0 if part == 0 else 1 if part > 0 else -1 for part in offset]
    label.set_horizontalalignment(_ALIGNMENTS[sign[0]][0])  # type: ignore[arg-type]
    label.set_verticalalignment(_ALIGNMENTS[sign[1]][1])  # type: ignore[arg-type]


def _area(box: Bbox) -> float:
    return float(box.width * box.height)


def _overlap(a: Bbox, b: Bbox) -> float:
    common = Bbox.intersection(a, b)
    return 0.0 if common is None else _area(common)
