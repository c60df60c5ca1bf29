"""The figure of what a ConvNet makes of one image: its maps after each stage, a row a stage, the image above."""

from __future__ import annotations

from matplotlib.figure import Figure

from hpo.models import Array, ConvNet
from hpo.reports.figures.drawing import new_figure, set_headlines
from hpo.reports.figures.palette import GREY, INK
from hpo.reports.look.sheet import Sheet, as_picture
from hpo.reports.look.stages import Stage, stages

MOST_MAPS = 16
MAP, STEP, IMAGE, MARGIN, TOP, CAPTION = 0.66, 0.74, 1.4, 0.14, 0.8, 2.5
"""Inches: a map, from one to the next, the image, the margin, the headlines' height, the width of the captions."""
LINE = 0.15


def feature_maps_figure(network: ConvNet, image: Array, caption: str = "") -> Figure:
    """Return the image (input_shape of `network`), and below it up to MOST_MAPS maps after each of its stages.

    Each map has its own scale from black, its smallest value, to white: shapes count here, not sizes.
    """
    found = stages(network, image)
    columns = max(8, min(MOST_MAPS, max(len(stage.maps) for stage in found)))  # so that the headlines have room
    below = TOP + IMAGE + 0.12
    figure = new_figure(MARGIN + CAPTION + STEP * columns + 0.06, below + STEP * len(found) + 0.06)
    sheet = Sheet.over(figure)
    left = MARGIN + CAPTION
    sheet.picture(as_picture(image), left, TOP, IMAGE)
    _write(sheet, TOP + IMAGE / 2, "the image", f"{image.shape[-2]} x {image.shape[-1]} pixels", caption)
    for row, stage in enumerate(found):
        y = below + STEP * row
        _write(sheet, y + MAP / 2, stage.name, _maps_text(stage), _field_text(stage))
        for column, each in enumerate(stage.maps[:columns]):
            sheet.picture(each, left + STEP * column, y, MAP)
    detail = "in each map, black is the smallest value and white the largest"
    set_headlines(figure, "feature maps of one image", detail)
    return figure


def _maps_text(stage: Stage) -> str:
    count, height, width = stage.maps.shape
    drawn = f" ({MOST_MAPS} drawn)" if count > MOST_MAPS else ""
    return f"{count} maps of {height} x {width}{drawn}"


def _field_text(stage: Stage) -> str:
    return f"receptive field: {stage.field.size} x {stage.field.size} pixels"


def _write(sheet: Sheet, middle: float, name: str, *details: str) -> None:
    """Write a caption whose lines stand around the height `middle`."""
    lines = [name, *[line for line in details if line]]
    for i, text in enumerate(lines):
        y = middle + (i - len(lines) / 2) * LINE
        sheet.write(text, MARGIN, y, size=8.5 if i == 0 else 8, colour=INK if i == 0 else GREY)
