"""The convolution, as one matrix product over unrolled windows (im2col; the book, section 7.4)."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hpo.models.arrays import Array, Shape
from hpo.models.layers.base import Layer, Memory, Parameter
from hpo.models.layers.windows import output_size, window_pixels


class Conv2d(Layer):
    """Cross-correlation of maps (N, C, H, W) with weight (filters, C, kernel, kernel), plus bias (filters,).

    Every output looks at a window of `kernel` x `kernel` pixels, `stride` apart, after `padding` zeros on every side.
    With bias=False there is none.
    """

    def __init__(
        self, channels: int, filters: int, kernel: int, stride: int = 1, padding: int = 0, *, bias: bool = True
    ) -> None:
        weight = Parameter("weight", (filters, channels, kernel, kernel), fan_in=channels * kernel * kernel)
        self.parameters = (weight, Parameter("bias", (filters,))) if bias else (weight,)
        self.bias = bias
        self.channels, self.filters, self.kernel, self.stride, self.padding = channels, filters, kernel, stride, padding
        self._columns: Memory[Array] = Memory()
        self._input_shape: Memory[Shape] = Memory()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (filters, OH, OW); ValueError for other channels or an image smaller than a window."""
        if len(input_shape) != 3 or input_shape[0] != self.channels:
            raise ValueError(f"a convolution over {self.channels} channels takes (C, H, W), got {input_shape}")
        height, width = (output_size(size, self.kernel, self.stride, self.padding) for size in input_shape[1:])
        return (self.filters, height, width)

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return (N, filters, OH, OW)."""
        filters, height, width = self.output_shape(x.shape[1:])
        columns = self._unroll(x)
        if train:
            self._columns.keep(columns)
            self._input_shape.keep(x.shape)
        # One small product an image, (filters, C*k*k) @ (C*k*k, OH*OW): it stays in the cache and lands in NCHW order.
        out: Array = self.params["weight"].reshape(filters, -1) @ columns
        if self.bias:
            out += self.params["bias"][:, np.newaxis]
        return out.reshape(len(x), filters, height, width)

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input, (N, C, H, W)."""
        count, channels, height, width = self._input_shape.take()
        self._fill_gradients(grad_out)
        filters, out_height, out_width = grad_out.shape[1:]
        grad_columns = self.params["weight"].reshape(filters, -1).T @ grad_out.reshape(count, filters, -1)
        by_place = grad_columns.reshape(count, channels, self.kernel * self.kernel, out_height, out_width)
        padding = self.padding
        grad_in = np.zeros((count, channels, height + 2 * padding, width + 2 * padding), grad_out.dtype)
        for place, pixels in enumerate(window_pixels(grad_in, self.kernel, self.stride, out_height, out_width)):
            np.add(pixels, by_place[:, :, place], out=pixels)
        return grad_in[:, :, padding : padding + height, padding : padding + width]

    def backward_parameters(self, grad_out: Array) -> None:
        """Fill the gradients of weight and bias."""
        self._input_shape.take()
        self._fill_gradients(grad_out)

    def _fill_gradients(self, grad_out: Array) -> None:
        count, filters = grad_out.shape[:2]
        grad = grad_out.reshape(count, filters, -1)
        by_image = grad @ self._columns.take().transpose(0, 2, 1)
        np.sum(by_image, axis=0, out=self.grads["weight"].reshape(filters, -1))
        if self.bias:
            np.sum(grad, axis=(0, 2), out=self.grads["bias"])

    def _unroll(self, x: Array) -> Array:
        """Return the windows' pixels as columns, (N, C*k*k, OH*OW)."""
        margin = self.padding
        if margin:
            x = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
        windows = sliding_window_view(x, (self.kernel, self.kernel), axis=(2, 3))[:, :, :: self.stride, :: self.stride]
        count, channels, height, width = windows.shape[:4]
        return windows.transpose(0, 1, 4, 5, 2, 3).reshape(count, channels * self.kernel * self.kernel, height * width)
