"""The figure of the filters of a ConvNet's first convolution, before and after training (figure 7-24 of the book)."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from hpo.models import Array, ConvNet
from hpo.models.layers import Conv2d
from hpo.reports.figures.drawing import new_figure, set_headlines
from hpo.reports.figures.palette import INK
from hpo.reports.look.sheet import Sheet

FILTER, STEP, MARGIN, TOP = 0.56, 0.64, 0.14, 1.05
"""Inches: a filter, from one to the next, the margin, and the height of the headlines and names."""


def filters_figure(before: ConvNet | None, after: ConvNet) -> Figure:
    """Return the filters of `after`, beside those of `before` where these are known, all on one scale.

    A filter over several channels is drawn as the mean over them.
    """
    sets = [("before training", first_filters(before))] if before is not None else []
    sets.append(("after training", first_filters(after)))
    count, kernel = len(sets[0][1]), sets[0][1].shape[-1]
    wide = 1.6 if len(sets) > 1 else 3.0
    columns = min(10, math.ceil(math.sqrt(wide * count)))
    rows = math.ceil(count / columns)
    sizes = np.concatenate([np.abs(filters).ravel() for _, filters in sets])
    # A single large weight would leave all others grey: the scale ends where all but the largest 2 % lie.
    end = float(np.quantile(sizes, 0.98)) or 1.0
    block = max(columns * STEP + 0.35, 1.6)
    right = MARGIN + block * len(sets)
    width, height = max(7.5, right + 0.9), max(TOP + rows * STEP + MARGIN, 2.2)
    figure = new_figure(width, height)
    sheet = Sheet.over(figure)
    for i, (name, filters) in enumerate(sets):
        left = MARGIN + block * i
        sheet.write(name, left, TOP - 0.27, size=11, colour=INK)
        for place, each in enumerate(filters):
            x, y = left + place % columns * STEP, TOP + place // columns * STEP
            drawn = sheet.picture(each, x, y, FILTER, vmin=-end, vmax=end)
    bar_height = min(2.6, height - TOP - MARGIN)
    scale = figure.add_axes((right / width, 1 - (TOP + bar_height) / height, 0.14 / width, bar_height / height))
    bar = figure.colorbar(drawn, cax=scale, extend="both")
    bar.set_label("weight", fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8)
    channels = _convolution(after).channels
    over = f", each the mean over its {channels} channels" if channels > 1 else ""
    detail = f"{count} filters of {kernel} x {kernel} pixels{over}; light: positive weights, dark: negative"
    set_headlines(figure, "filters of the first convolution", detail)
    return figure


def first_filters(network: ConvNet) -> Array:
    """Return the filters of the first convolution, the mean over their channels: (filters, kernel, kernel)."""
    mean: Array = _convolution(network).params["weight"].mean(axis=1)
    return mean


def _convolution(network: ConvNet) -> Conv2d:
    return next(layer for layer in network.layers if isinstance(layer, Conv2d))
