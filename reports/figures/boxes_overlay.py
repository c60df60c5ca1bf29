"""What lies over the trials in the figure of boxes: each round's box, and rings around the good values, with labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults
from hpo.reports.figures.drawing import HALO, people_text
from hpo.reports.figures.labels import Obstacles, Offset, place
from hpo.reports.figures.palette import GOOD, GREY, INK
from hpo.searching.space import Config, Interval, number

_BOX_STYLES = ("--", "-", (0, (1, 1.2)), "-.", (0, (5, 1, 1, 1, 1, 1)))


def height(config: Config, value: float, names: Sequence[str]) -> float:
    """Return where a trial stands on the y axis: its second hyperparameter, or with only one its value."""
    return number(config, names[1]) if len(names) == 2 else value


def draw_ring(axes: Axes, names: Sequence[str], config: Config, value: float) -> tuple[float, float]:
    """Draw a ring around a good value and return its centre."""
    centre = number(config, names[0]), height(config, value, names)
    axes.scatter(
        *centre, s=130, marker="o", facecolors="none", edgecolors=GOOD, linewidths=1.8, zorder=6, clip_on=False
    )
    return centre


def ring_extent(axes: Axes, centre: tuple[float, float]) -> Bbox:
    """Return the pixels that a ring covers."""
    x, y = axes.transData.transform(centre)
    return Bbox.from_extents(x, y, x, y).padded(axes.figure.dpi * 6.5 / 72)


def draw_boxes(axes: Axes, results: StudyResults, names: Sequence[str], obstacles: Obstacles) -> None:
    """Draw each round's box with its name at one of its corners, the last one darker."""
    bottom, top = axes.get_ylim()
    corners_of: list[tuple[Annotation, list[tuple[Any, list[Offset]]]]] = []
    for i, opened in enumerate(results.rounds):
        x = opened.box.interval(names[0])
        y_low, y_high = bottom, top
        if len(names) == 2:
            y = opened.box.interval(names[1])
            y_low, y_high = y.low, y.high
        colour = INK if opened is results.rounds[-1] else GREY
        axes.add_patch(
            Rectangle(
                (x.low, y_low),
                x.high - x.low,
                y_high - y_low,
                fill=False,
                edgecolor=colour,
                linewidth=1.7,
                linestyle=_BOX_STYLES[i % len(_BOX_STYLES)],
                zorder=5,
                clip_on=False,
                gid=f"round {opened.number}",
            )
        )
        label = axes.annotate(
            f"round {opened.number}",
            (x.low, y_high),
            (0, 0),
            textcoords="offset points",
            color=colour,
            **people_text(fontsize=9, fontweight="bold", path_effects=HALO, zorder=7),
        )
        corners: list[tuple[Any, list[Offset]]] = [
            ((x.low, y_high), [(3, 3), (3, -3)]),
            ((x.high, y_high), [(-3, 3), (-3, -3)]),
            ((x.low, y_low), [(3, -3), (3, 3)]),
            ((x.high, y_low), [(-3, -3), (-3, 3)]),
        ]
        corners_of.append((label, corners))
        obstacles.taken += _edges(axes, x, Interval(y_low, y_high))
    for label, corners in corners_of:
        place(label, corners, obstacles)


def _edges(axes: Axes, across: Interval, up: Interval) -> list[Bbox]:
    """Return the pixels of a box's four edges, so that no label crosses them without need."""
    (left, bottom), (right, top) = axes.transData.transform([(across.low, up.low), (across.high, up.high)])
    upright = [(x, bottom, x, top) for x in (left, right)]
    level = [(left, y, right, y) for y in (bottom, top)]
    return [Bbox.from_extents(*line).padded(2.0) for line in (*upright, *level)]


def label_good_values(
    axes: Axes, ringed: Sequence[GoodValue], rings: Sequence[tuple[float, float]], obstacles: Obstacles
) -> None:
    """Write the rank of each good value beside its ring, clear of the obstacles."""
    for good, centre in zip(ringed, rings, strict=True):
        label = axes.annotate(
            str(good.rank),
            centre,
            (0, 0),
            textcoords="offset points",
            color=GOOD,
            **people_text(fontsize=11, fontweight="bold", path_effects=HALO, zorder=8),
        )
        near = [(6.0, 4.0), (-6.0, 4.0), (6.0, -4.0), (-6.0, -4.0), (0.1, 8.0), (0.1, -8.0), (9.0, 0.1), (-9.0, 0.1)]
        far = [(2.2 * dx, 2.2 * dy) for dx, dy in near]
        place(label, [(centre, near + far)], obstacles)
