"""The figure of what a ConvNet makes of one image: its maps after each stage, a row a stage, the image above."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models import Array, ConvNet
from reports.drawing import GREY, INK, new_figure, people_text, set_headlines
from reports.stages import Stage, stages

MOST_MAPS = 16
CELL, CAPTION = 0.72, 2.3
"""Inches: the width of a map, and of the text before each row."""


def feature_maps_figure(network: ConvNet, image: Array, caption: str = "") -> Figure:
    """Return the image (input_shape of `network`), and below it up to MOST_MAPS maps after each of its stages.

    Each map has its own scale from black, its smallest value, to white: shapes count here, not sizes.
    """
    found = stages(network, image)
    columns = min(MOST_MAPS, max(len(stage.maps) for stage in found))
    columns = max(columns, 8)  # so that the headlines have room
    figure = new_figure(CAPTION + CELL * columns + 0.2, CELL * (len(found) + 2) * 1.06 + 0.9)
    grid = figure.add_gridspec(
        len(found) + 1, columns + 1, width_ratios=[CAPTION / CELL, *[1] * columns], height_ratios=[2, *[1] * len(found)]
    )
    _write(figure.add_subplot(grid[0, 0]), "the image", _size_text(image.shape), caption)
    axes = figure.add_subplot(grid[0, 1:3])
    axes.imshow(*_as_picture(image), interpolation="nearest")
    _frame(axes)
    for row, stage in enumerate(found, 1):
        _write(figure.add_subplot(grid[row, 0]), stage.name, _maps_text(stage), _field_text(stage))
        for column, each in enumerate(stage.maps[:columns]):
            axes = figure.add_subplot(grid[row, column + 1])
            axes.imshow(each, cmap="gray", interpolation="nearest")
            _frame(axes)
    detail = "each map from black, its smallest value, to white, its largest"
    set_headlines(figure, "what the network makes of one image", detail, margin=0.1)
    return figure


def _maps_text(stage: Stage) -> str:
    count, height, width = stage.maps.shape
    drawn = f" ({MOST_MAPS} drawn)" if count > MOST_MAPS else ""
    return f"{count} maps of {height} x {width}{drawn}"


def _field_text(stage: Stage) -> str:
    return f"an entry sees {stage.field.size} x {stage.field.size} pixels"


def _size_text(shape: tuple[int, ...]) -> str:
    return f"{shape[-2]} x {shape[-1]} pixels"


def _as_picture(image: Array) -> tuple[Array, str | None]:
    """Return the image as matplotlib draws it: colours (3, H, W) as (H, W, 3), else the mean over channels in grey."""
    if image.ndim == 3 and image.shape[0] == 3:
        picture: Array = np.moveaxis(image, 0, -1)
        return (picture if picture.dtype == np.uint8 else np.clip(picture, 0, 1)), None
    return (image if image.ndim == 2 else image.mean(axis=0)), "gray"


def _write(axes: Axes, name: str, *details: str) -> None:
    axes.set_axis_off()
    lines = [line for line in details if line]
    height = 11.0 * (len(lines) + 1)
    for i, text in enumerate([name, *lines]):
        style = people_text(fontsize=8.5 if i == 0 else 8, color=INK if i == 0 else GREY, va="top")
        place = (0, height / 2 - 11.0 * i)
        axes.annotate(text, (0, 0.5), place, xycoords="axes fraction", textcoords="offset points", **style)


def _frame(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#bbbbbb")
