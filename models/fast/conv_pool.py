"""A convolution, the 2x2 max pool after it and the ReLU after that, computed together by the phases of the pool.

The four outputs under one pool window, at phases (0, 0), (0, 1), (1, 0) and (1, 1), look at four windows of k x k
pixels that lie one pixel apart: all inside one window of (k + 1) x (k + 1). So one unrolling at stride 2 and one matrix
product serve all four, with the filter written four times, shifted, into the larger window. The pool is then a maximum
of four contiguous blocks, and bias and ReLU touch a quarter of the numbers.

What it buys over the three layers, for the book's simple ConvNet: the products grow by ((k + 1)/k)^2, the unrolled
pixels shrink to a third, and a training step takes two thirds of the time (tests/benchmarks/training.py, "layers").

In memory the images are innermost, (C, H, W, N): every row of a product is then long and contiguous, and windows are
unrolled by copying whole runs of N. Chunks of a few output rows keep what belongs together in the second-level cache.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from hpo.models.arrays import Array, BoolArray, Shape
from hpo.models.fast.workspaces import Workspaces
from hpo.models.layers import Conv2d, MaxPool2d
from hpo.models.layers.base import Stage

CHUNK_BYTES = 1_500_000  # unrolled pixels and outputs of one chunk, to stay in a second-level cache of 2 MB
PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some rows of the pooled output, P = rows·width·N numbers a channel, and what backward needs of them.

    place: the rows. window: (C, k+1, k+1, rows, width, N), a view of the padded images; unrolled: its copy. pixels: the
    same memory as (K, P); columns: with a row of ones below, if there is a bias. out: (F, P), a view of the pooled
    outputs. alive: where the ReLU passed; upper: where the pool's maximum lay in the first row; first, third: where it
    was phase (0, 0), (1, 0); all (F, P).
    """

    place: slice
    window: Array
    unrolled: Array
    columns: Array
    pixels: Array
    out: Array
    alive: BoolArray
    upper: BoolArray
    first: BoolArray
    third: BoolArray


@dataclass(slots=True)
class _Buffers:
    """padded: (C, H + 2p, W + 2p, N); interior: without its border. pooled: (F, OH, OW, N).

    products: (4, F, P), of one chunk, for forward and backward in turn. zeros: (F, P), for the ReLU: maximum takes
    twice as long against a single 0. weights: (4·F, K), or K + 1 with the bias. grad_weights, partial: (4·F, K).
    """

    padded: Array
    interior: Array
    pooled: Array
    products: Array
    zeros: Array
    weights: Array
    grad_weights: Array
    partial: Array
    ones: Array
    chunks: list[_Chunk]


class ConvPoolReLU(Stage):
    """`conv` with stride 1, then MaxPool2d(2, 2), then ReLU, for inputs of `input_shape`, (C, H, W).

    Equal to the layers but for the order of additions; of equal maxima the first gets the gradient, as there.
    """

    @staticmethod
    def fits(conv: Conv2d, pool: MaxPool2d, input_shape: Shape) -> bool:
        """Return whether this stage can stand for the layers: no pixel of the convolution is left out by the pool."""
        _, height, width = conv.output_shape(input_shape)
        return conv.stride == 1 and (pool.size, pool.stride) == (2, 2) and height % 2 == 0 and width % 2 == 0

    def __init__(self, conv: Conv2d, input_shape: Shape, dtype: npt.DTypeLike) -> None:
        self._conv, self._dtype = conv, np.dtype(dtype)
        self._input_shape = input_shape
        _, height, width = conv.output_shape(input_shape)
        self._height, self._width = height // 2, width // 2
        self._side = conv.kernel + 1
        self._rows = conv.channels * self._side**2  # of the unrolled pixels: K
        self._workspaces = Workspaces(self._make)
        self._last: _Buffers | None = None

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return (N, F, OH, OW), images innermost in memory."""
        buffers = self._workspaces.of(len(x))
        self._last = buffers if train else None
        np.copyto(buffers.interior, x.transpose(1, 2, 3, 0))
        self._spread_weights(buffers)
        for chunk in buffers.chunks:
            np.copyto(chunk.unrolled, chunk.window)
            size = chunk.columns.shape[1]
            products = buffers.products[:, :, :size]
            np.matmul(buffers.weights, chunk.columns, out=products.reshape(-1, size))
            _pool(products, chunk, buffers.zeros[:, :size], train=train)
        return buffers.pooled.transpose(3, 0, 1, 2)

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input, (N, C, H, W), images innermost in memory."""
        buffers = self._take()
        grad_padded = np.zeros_like(buffers.padded)
        self._fill_gradients(buffers, grad_out, grad_padded)
        padding = self._conv.padding
        _, height, width = self._input_shape
        return grad_padded[:, padding : padding + height, padding : padding + width].transpose(3, 0, 1, 2)

    def backward_parameters(self, grad_out: Array) -> None:
        """Fill the gradients of weight and bias."""
        self._fill_gradients(self._take(), grad_out, None)

    def release(self) -> None:
        """Let go of all buffers."""
        self._workspaces.clear()
        self._last = None

    def _make(self, batch: int) -> _Buffers:
        channels, height, width = self._input_shape
        filters, padding, dtype = self._conv.filters, self._conv.padding, self._dtype
        rows, bias = self._rows, int(self._conv.bias)
        padded = np.zeros((channels, height + 2 * padding, width + 2 * padding, batch), dtype)
        pooled = np.empty((filters, self._height, self._width, batch), dtype)
        line = self._width * batch  # numbers a channel in one row of the output
        step = min(self._height, max(1, CHUNK_BYTES // ((rows + bias + 4 * filters) * line * dtype.itemsize)))
        return _Buffers(
            padded=padded,
            interior=padded[:, padding : padding + height, padding : padding + width],
            pooled=pooled,
            products=np.empty((4, filters, step * line), dtype),
            zeros=np.zeros((filters, step * line), dtype),
            weights=np.zeros((4 * filters, rows + bias), dtype),
            grad_weights=np.empty((4 * filters, rows), dtype),
            partial=np.empty((4 * filters, rows), dtype),
            ones=np.ones(step * line, dtype),
            chunks=[
                self._chunk(padded, pooled, slice(top, min(top + step, self._height)))
                for top in range(0, self._height, step)
            ],
        )

    def _chunk(self, padded: Array, pooled: Array, place: slice) -> _Chunk:
        filters, batch = len(pooled), padded.shape[-1]
        size = (place.stop - place.start) * self._width * batch
        columns = np.ones((self._rows + int(self._conv.bias), size), self._dtype)
        pixels = columns[: self._rows]
        window = self._windows(padded)[:, :, :, place]
        return _Chunk(
            place=place,
            window=window,
            unrolled=pixels.reshape(window.shape),
            columns=columns,
            pixels=pixels,
            out=pooled[:, place].reshape(filters, size),
            **{name: np.empty((filters, size), np.bool_) for name in ("alive", "upper", "first", "third")},
        )

    def _windows(self, padded: Array) -> Array:
        """Return the windows of (k + 1)^2 pixels, two apart, (C, k+1, k+1, OH, OW, N): a view."""
        channel, row, column, image = padded.strides
        shape = (len(padded), self._side, self._side, self._height, self._width, padded.shape[-1])
        return as_strided(padded, shape, (channel, row, column, 2 * row, 2 * column, image))

    def _spread_weights(self, buffers: _Buffers) -> None:
        """Write the filters into the windows of the four phases; what is around them stays 0."""
        kernel, filters = self._conv.kernel, self._conv.filters
        for phase, shifted in zip(PHASES, self._shifted(buffers.weights[:, : self._rows]), strict=True):
            down, right = phase
            shifted[:, :, down : down + kernel, right : right + kernel] = self._conv.params["weight"]
        if self._conv.bias:
            buffers.weights[:, -1].reshape(4, filters)[...] = self._conv.params["bias"]

    def _shifted(self, weights: Array) -> Array:
        """Return (4·F, K) as a view (4, F, C, k+1, k+1)."""
        return weights.reshape(4, self._conv.filters, self._conv.channels, self._side, self._side)

    def _take(self) -> _Buffers:
        last, self._last = self._last, None
        if last is None:
            raise RuntimeError("backward needs a forward(train=True) before it, one for each backward")
        return last

    def _fill_gradients(self, buffers: _Buffers, grad_out: Array, grad_padded: Array | None) -> None:
        """Fill the parameters' gradients, and add the padded input's to `grad_padded`, (C, H + 2p, W + 2p, N).

        Every step on the way is linear, so instead of the four phases' gradients their sums are carried: all phases,
        the upper two, (0, 0) alone and (1, 0) alone. These are products with masks; the differences between them are
        taken at the end, where the arrays are small.
        """
        grad = np.ascontiguousarray(grad_out.transpose(1, 2, 3, 0))  # no copy, where a fused affine layer made it
        total = buffers.grad_weights
        bias = np.zeros(self._conv.filters, self._dtype)
        combined = None if grad_padded is None else _combined(buffers.weights[:, : self._rows])
        for place, chunk in enumerate(buffers.chunks):
            size = chunk.columns.shape[1]
            sums = buffers.products[:, :, :size]
            np.multiply(grad[:, chunk.place].reshape(chunk.alive.shape), chunk.alive, out=sums[0])
            for mask, part in ((chunk.upper, sums[1]), (chunk.first, sums[2]), (chunk.third, sums[3])):
                np.multiply(sums[0], mask, out=part)
            bias += np.dot(sums[0], buffers.ones[:size])
            rows = sums.reshape(-1, size)
            np.matmul(rows, chunk.pixels.T, out=buffers.partial if place else total)
            if place:
                np.add(total, buffers.partial, out=total)
            if grad_padded is not None and combined is not None:
                self._scatter(combined.T @ rows, grad_padded, chunk)
        self._gather_weights(total)
        if self._conv.bias:
            self._conv.grads["bias"][...] = bias

    def _gather_weights(self, total: Array) -> None:
        """Fill the weight's gradient from those of the four sums, (4·F, K): each phase's, at its shift."""
        kernel = self._conv.kernel
        everything, upper, first, third = self._shifted(total)
        gradient = self._conv.grads["weight"]
        gradient[...] = first[..., :kernel, :kernel]
        gradient += (upper - first)[..., :kernel, 1:]
        gradient += third[..., 1:, :kernel]
        gradient += (everything - upper - third)[..., 1:, 1:]

    def _scatter(self, unrolled: Array, grad_padded: Array, chunk: _Chunk) -> None:
        """Add the gradient of a chunk's unrolled pixels, (K, P), to the pixels that they are copies of."""
        by_place = unrolled.reshape(chunk.unrolled.shape)
        windows = self._windows(grad_padded)[:, :, :, chunk.place]
        for row in range(self._side):
            for column in range(self._side):  # windows overlap, but not at one place within them
                windows[:, row, column] += by_place[:, row, column]


def _pool(products: Array, chunk: _Chunk, zeros: Array, *, train: bool) -> None:
    """Write max(0, the largest of the four phases' `products`, (4, F, P)), which are overwritten, into the chunk.

    zeros: (F, P).
    """
    a, b, c, d = products
    if train:
        np.greater_equal(a, b, out=chunk.first)
        np.greater_equal(c, d, out=chunk.third)
    np.maximum(a, b, out=a)
    np.maximum(c, d, out=c)
    if train:
        np.greater_equal(a, c, out=chunk.upper)
        np.logical_and(chunk.first, chunk.upper, out=chunk.first)
        np.greater(chunk.third, chunk.upper, out=chunk.third)  # third and not upper
    np.maximum(a, c, out=a)
    np.maximum(a, zeros, out=chunk.out)
    if train:
        np.greater(chunk.out, zeros[0, 0], out=chunk.alive)


def _combined(weights: Array) -> Array:
    """Return the weights that meet the four sums of gradients in place of the four phases', (4·F, K) both."""
    first, second, third, fourth = np.split(weights, 4)
    return np.concatenate([fourth, second - fourth, first - second, third - fourth])
