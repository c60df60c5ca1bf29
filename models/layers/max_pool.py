"""Max pooling: the largest pixel under each window (the book, section 7.3)."""

import numpy as np

from hpo.models.arrays import Array, BoolArray, Shape
from hpo.models.layers.base import Layer, Memory
from hpo.models.layers.windows import output_size, window_pixels


class MaxPool2d(Layer):
    """The maximum of windows of `size` x `size` pixels, `stride` apart, in maps (N, C, H, W).

    Of equal maxima the first, reading left to right and top to bottom, gets the gradient. Blank background ties often.
    """

    def __init__(self, size: int, stride: int) -> None:
        self.size, self.stride = size, stride
        # For each place in the window but the first: where it beat all places before it, (N, C, OH, OW).
        self._beaten: Memory[list[BoolArray]] = Memory()
        self._input_shape: Memory[Shape] = Memory()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C, OH, OW); ValueError for an image smaller than a window."""
        height, width = (output_size(size, self.size, self.stride) for size in input_shape[1:])
        return (input_shape[0], height, width)

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return (N, C, OH, OW)."""
        _, height, width = self.output_shape(x.shape[1:])
        first, *others = window_pixels(x, self.size, self.stride, height, width)
        out = first.copy()
        beaten = []
        for pixels in others:
            candidates = pixels.copy()  # two contiguous passes and a copy beat two strided passes
            if train:
                beaten.append(candidates > out)
            np.maximum(out, candidates, out=out)
        if train:
            self._beaten.keep(beaten)
            self._input_shape.keep(x.shape)
        return out

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input, (N, C, H, W): each window's goes to its first maximum."""
        beaten = self._beaten.take()
        grad_in = np.zeros(self._input_shape.take(), grad_out.dtype)
        first, *others = window_pixels(grad_in, self.size, self.stride, *grad_out.shape[2:])
        unclaimed = grad_out.copy()
        # From the last place to the first: the last one that beat all before it is the window's first maximum.
        overlap = self.stride < self.size  # then a pixel may be the maximum of several windows
        for pixels, won in zip(reversed(others), reversed(beaten), strict=True):
            share = unclaimed * won
            unclaimed -= share
            if overlap:
                share += pixels
            np.copyto(pixels, share)
        first += unclaimed
        return grad_in
