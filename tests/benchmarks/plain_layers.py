"""The plain reference's layers, as the book writes them (chapters 5 to 7): float64, one layer after the other.

They are what people start from, so nothing here is made faster than it reads.
"""

from __future__ import annotations

import numpy as np

from hpo.models import Array


class Affine:
    """x @ weight + bias; weight (inputs, outputs)."""

    def __init__(self, weight: Array, bias: Array) -> None:
        self.weight, self.bias = weight, bias

    def forward(self, x: Array, rng: np.random.Generator | None) -> Array:
        self.x = x
        return np.dot(x, self.weight) + self.bias

    def backward(self, dout: Array) -> Array:
        self.weight_gradient = np.dot(self.x.T, dout)
        self.bias_gradient = np.sum(dout, axis=0)
        return np.dot(dout, self.weight.T)


class Convolution:
    """The product of unrolled windows with the filters; weight (filters, C, kernel, kernel), maps (N, C, H, W)."""

    def __init__(self, weight: Array, bias: Array, padding: int) -> None:
        self.weight, self.bias, self.padding = weight, bias, padding

    def forward(self, x: Array, rng: np.random.Generator | None) -> Array:
        filters, _, kernel, _ = self.weight.shape
        size = x.shape[2] + 2 * self.padding - kernel + 1
        self.x_shape = x.shape
        self.columns = im2col(x, kernel, 1, self.padding)
        out = np.dot(self.columns, self.weight.reshape(filters, -1).T) + self.bias
        return out.reshape(len(x), size, size, filters).transpose(0, 3, 1, 2)

    def backward(self, dout: Array) -> Array:
        filters, _, kernel, _ = self.weight.shape
        rows = dout.transpose(0, 2, 3, 1).reshape(-1, filters)
        self.bias_gradient = np.sum(rows, axis=0)
        self.weight_gradient = np.dot(self.columns.T, rows).T.reshape(self.weight.shape)
        return col2im(np.dot(rows, self.weight.reshape(filters, -1)), self.x_shape, kernel, 1, self.padding)


class MaxPool:
    """The maximum of windows that do not overlap; the first of equal ones gets the gradient."""

    def __init__(self, size: int) -> None:
        self.size = size

    def forward(self, x: Array, rng: np.random.Generator | None) -> Array:
        count, channels, height, width = x.shape
        windows = im2col(x, self.size, self.size, 0).reshape(-1, self.size**2)
        self.x_shape = x.shape
        self.first = np.argmax(windows, axis=1)
        out = np.max(windows, axis=1)
        return out.reshape(count, height // self.size, width // self.size, channels).transpose(0, 3, 1, 2)

    def backward(self, dout: Array) -> Array:
        rows = dout.transpose(0, 2, 3, 1)
        windows = np.zeros((rows.size, self.size**2))
        windows[np.arange(rows.size), self.first] = rows.flatten()
        columns = windows.reshape(rows.shape[0] * rows.shape[1] * rows.shape[2], -1)
        return col2im(columns, self.x_shape, self.size, self.size, 0)


class Relu:
    def forward(self, x: Array, rng: np.random.Generator | None) -> Array:
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout: Array) -> Array:
        dout[self.mask] = 0
        return dout


class Dropout:
    """Silences a share of the units in training, and makes up for it there, so that prediction is the identity."""

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio

    def forward(self, x: Array, rng: np.random.Generator | None) -> Array:
        if rng is None:
            return x
        self.scale = (rng.random(x.shape) >= self.ratio) / (1 - self.ratio)
        return x * self.scale

    def backward(self, dout: Array) -> Array:
        return dout * self.scale


class Flatten:
    def forward(self, x: Array, rng: np.random.Generator | None) -> Array:
        self.x_shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dout: Array) -> Array:
        return dout.reshape(self.x_shape)


class SoftmaxWithLoss:
    """Mean cross-entropy of softmax(x), in nats."""

    def forward(self, x: Array, labels: Array) -> float:
        exponentials = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.labels, self.y = labels, exponentials / np.sum(exponentials, axis=1, keepdims=True)
        return float(-np.mean(np.log(self.y[np.arange(len(x)), labels])))

    def backward(self) -> Array:
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.labels] -= 1
        return dx / len(dx)


def im2col(x: Array, kernel: int, stride: int, padding: int) -> Array:
    """Return the windows of maps (N, C, H, W) as rows, (N·OH·OW, C·kernel²)."""
    count, channels, height, width = x.shape
    out_height, out_width = (height + 2 * padding - kernel) // stride + 1, (width + 2 * padding - kernel) // stride + 1
    padded = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)], "constant")
    columns = np.zeros((count, channels, kernel, kernel, out_height, out_width))
    for row in range(kernel):
        for column in range(kernel):
            columns[:, :, row, column] = padded[
                :, :, row : row + stride * out_height : stride, column : column + stride * out_width : stride
            ]
    return columns.transpose(0, 4, 5, 1, 2, 3).reshape(count * out_height * out_width, -1)


def col2im(columns: Array, shape: tuple[int, ...], kernel: int, stride: int, padding: int) -> Array:
    """Return maps of `shape` (N, C, H, W), in which every pixel is the sum of its places in the rows of im2col."""
    count, channels, height, width = shape
    out_height, out_width = (height + 2 * padding - kernel) // stride + 1, (width + 2 * padding - kernel) // stride + 1
    windows = columns.reshape(count, out_height, out_width, channels, kernel, kernel).transpose(0, 3, 4, 5, 1, 2)
    padded = np.zeros((count, channels, height + 2 * padding, width + 2 * padding))
    for row in range(kernel):
        for column in range(kernel):
            padded[:, :, row : row + stride * out_height : stride, column : column + stride * out_width : stride] += (
                windows[:, :, row, column]
            )
    return padded[:, :, padding : height + padding, padding : width + padding]
