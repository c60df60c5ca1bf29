"""The figure of the filters of a ConvNet's first convolution, before and after training (figure 7-24 of the book)."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from models import Array, ConvNet
from models.layers import Conv2d
from reports.drawing import INK, new_figure, set_headlines

COLOURS = "gray"  # light pixels count for a filter, dark ones against it, as in the book


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
    figure = new_figure(max(7.5, 0.6 * columns * len(sets) + 1.4), 0.58 * rows + 1.3)
    gap = [0.5] if len(sets) > 1 else []
    ratios = [*[1.0] * columns, *gap, *[1.0] * columns * (len(sets) - 1)]
    grid = figure.add_gridspec(rows, len(ratios), width_ratios=ratios)
    panels: list[Axes] = []
    for i, (name, filters) in enumerate(sets):
        left = i * (columns + 1)
        mine = [figure.add_subplot(grid[place // columns, left + place % columns]) for place in range(count)]
        mine[0].set_title(name, loc="left", fontsize=11, color=INK)
        for axes, each in zip(mine, filters, strict=True):
            _draw(axes, each, end)
        panels += mine
    bar = figure.colorbar(
        ScalarMappable(Normalize(-end, end), COLOURS), ax=panels, extend="both", shrink=0.7, aspect=25, pad=0.02
    )
    bar.set_label("weight", fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8)
    channels = _convolution(after).channels
    over = f", each the mean over its {channels} channels" if channels > 1 else ""
    detail = (
        f"{count} filters of {kernel} x {kernel} pixels{over}; light pixels count for a filter, dark ones against it"
    )
    set_headlines(figure, "what the first convolution looks for", detail, margin=0.1)
    return figure


def first_filters(network: ConvNet) -> Array:
    """Return the filters of the first convolution, the mean over their channels: (filters, kernel, kernel)."""
    mean: Array = _convolution(network).params["weight"].mean(axis=1)
    return mean


def _convolution(network: ConvNet) -> Conv2d:
    return next(layer for layer in network.layers if isinstance(layer, Conv2d))


def _draw(axes: Axes, weights: Array, end: float) -> None:
    axes.imshow(weights, cmap=COLOURS, vmin=-end, vmax=end, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#bbbbbb")
