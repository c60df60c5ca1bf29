"""Average pooling: the mean of the pixels under each window."""

import numpy as np

from hpo.models.arrays import Array, Shape
from hpo.models.layers.base import Layer, Memory
from hpo.models.layers.windows import output_size, window_pixels


class AveragePool2d(Layer):
    """The mean of windows of `size` x `size` pixels, `stride` apart, in maps (N, C, H, W)."""

    def __init__(self, size: int, stride: int) -> None:
        self.size, self.stride = size, stride
        self._input_shape: Memory[Shape] = Memory()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C, OH, OW); ValueError for an image smaller than a window."""
        height, width = (output_size(size, self.size, self.stride) for size in input_shape[1:])
        return (input_shape[0], height, width)

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return (N, C, OH, OW)."""
        if train:
            self._input_shape.keep(x.shape)
        channels, height, width = self.output_shape(x.shape[1:])
        out = np.zeros((len(x), channels, height, width), x.dtype)
        for pixels in window_pixels(x, self.size, self.stride, height, width):
            out += pixels
        out /= self.size * self.size
        return out

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input, (N, C, H, W): each window's is spread evenly over its pixels."""
        grad_in = np.zeros(self._input_shape.take(), grad_out.dtype)
        share = grad_out / (self.size * self.size)
        for pixels in window_pixels(grad_in, self.size, self.stride, *grad_out.shape[2:]):
            np.add(pixels, share, out=pixels)
        return grad_in
