"""How much of an image one entry of a feature map sees: arithmetic on kernels, strides and paddings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hpo.models.layers import AveragePool2d, Conv2d, Layer, MaxPool2d


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """What one entry of a map sees, in pixels of the image, the same along both axes.

    size: the width of its square. jump: how far the squares of two neighbouring entries are apart. start: the first
    pixel of the first entry's square; below 0 where it reaches into the padding.
    """

    size: int = 1
    jump: int = 1
    start: int = 0

    def through(self, kernel: int, stride: int, padding: int = 0) -> ReceptiveField:
        """Return the field of an entry after a window of `kernel` x `kernel` entries, `stride` apart.

        A window spans kernel - 1 jumps more than one entry, so size' = size + (kernel - 1) jump; its neighbour is
        `stride` entries on, so jump' = stride jump; `padding` entries before the first make start' = start - padding
        jump.
        """
        return ReceptiveField(
            size=self.size + (kernel - 1) * self.jump,
            jump=self.jump * stride,
            start=self.start - padding * self.jump,
        )


def receptive_field(layers: Iterable[Layer]) -> ReceptiveField:
    """Return what one entry sees after `layers`; layers without a window, such as activations, change nothing."""
    field = ReceptiveField()
    for layer in layers:
        if isinstance(layer, Conv2d):
            field = field.through(layer.kernel, layer.stride, layer.padding)
        elif isinstance(layer, MaxPool2d | AveragePool2d):
            field = field.through(layer.size, layer.stride)
    return field
