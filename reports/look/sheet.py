"""A sheet on which many small pictures are laid out by hand, in inches: far quicker than an axes for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from hpo.models import Array
from hpo.reports.figures.drawing import people_text


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole figure as one axes; x and y are inches from its upper left corner, y downwards."""

    axes: Axes

    @classmethod
    def over(cls, figure: Figure) -> Sheet:
        """Return the sheet that covers `figure`, whose layout stands still from now on."""
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        width, height = figure.get_size_inches()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_autoscale_on(False)
        axes.set_axis_off()
        return cls(axes)

    def picture(self, pixels: Array, x: float, y: float, size: float, **style: Any) -> AxesImage:
        """Draw `pixels`, (H, W) or (H, W, 3), framed, from the corner (x, y) on, at most `size` wide and high."""
        height, width = pixels.shape[:2]
        scale = size / max(height, width)
        right, bottom = x + width * scale, y + height * scale
        image = self.axes.imshow(
            pixels, extent=(x, right, bottom, y), aspect="auto", interpolation="nearest", **({"cmap": "gray"} | style)
        )
        frame = Rectangle((x, y), right - x, bottom - y, fill=False, edgecolor="#bbbbbb", linewidth=0.8)
        self.axes.add_patch(frame)
        return image

    def write(self, text: str, x: float, y: float, *, size: float, colour: str) -> None:
        """Write one line whose upper left corner is at (x, y)."""
        self.axes.text(x, y, text, **people_text(fontsize=size, color=colour, va="top", ha="left"))


def as_picture(image: Array) -> Array:
    """Return an image as it is drawn: colours (3, H, W) as (H, W, 3), of other channels the mean, (H, W) as it is."""
    if image.ndim == 2:
        return image
    if image.shape[0] != 3:
        mean: Array = image.mean(axis=0)
        return mean
    colours: Array = np.moveaxis(image, 0, -1)
    return colours if colours.dtype == np.uint8 else np.clip(colours, 0, 1)
