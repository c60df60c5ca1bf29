"""A 3x3 convolution over few channels, such as gray values or colours, by unrolled windows.

Winograd's transforms cost the same for every channel and pay by saving in the sum over the channels; with one or three
there is not enough to save. Here each output row is one matrix product, of the 9·C pixels under each window and, as one
more pixel, a 1 for the bias. The output joins winograd.py's layout, (y, x, n, c); the input is kept as (C, y, x, N), in
which windows are unrolled by copying whole rows.
"""

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hpo.models.arrays import Array, Shape
from hpo.models.fast.arena import Arena
from hpo.models.fast.bands import Accept, Bands
from hpo.models.fast.tiling import Tiling, band_rows
from hpo.models.fast.winograd_matrices import TILE
from hpo.models.layers import Conv2d


class SmallChannelConv:
    """`conv` over batches of tiling.batch images, with what follows it, `bands`; the counterpart of WinogradConv.

    It is the first of its stack, so that its input comes from outside, and hardly ever wants its gradient.
    """

    def __init__(self, conv: Conv2d, tiling: Tiling, bands: Bands, scratch: Mapping[str, Array], arena: Arena) -> None:
        t, margin = tiling, tiling.padding
        self._conv, self._tiling, self._bands = conv, tiling, bands
        height, width = t.height + 2 * margin, t.width + 2 * margin
        padded = arena.zeros((t.channels, height, width, t.batch))
        self.interior = padded[:, margin : height - margin, margin : width - margin].transpose(1, 2, 3, 0)
        taps, line = 9 * t.channels, t.out_width * t.batch
        # (C, OH, OW, N, 3, 3), and the copy of it for each output row, (OH, C, 3, 3, OW, N)
        self._windows = sliding_window_view(padded, (3, 3), axis=(1, 2)).transpose(1, 0, 4, 5, 2, 3)
        self._unrolled = arena.zeros((t.out_height, taps + int(conv.bias), line))
        self._unrolled[:, taps:] = 1
        self._pixels = self._unrolled[:, :taps].reshape(self._windows.shape)
        self._weights = arena.zeros((taps + int(conv.bias), t.filters))
        self._grad_weights = arena.zeros((t.out_height, *self._weights.shape))  # of each output row
        self._out = scratch["out"]

    @staticmethod
    def scratch_shapes(tiling: Tiling) -> dict[str, Shape]:
        """Return the shape of the outputs of one band."""
        return {"out": (TILE, TILE * tiling.tiles, tiling.batch, tiling.filters)}

    def forward(self, *, train: bool) -> None:
        """Convolve what `interior` holds and hand it to the bands."""
        np.copyto(self._pixels, self._windows)
        taps = 9 * self._tiling.channels
        self._weights[:taps] = self._conv.params["weight"].reshape(-1, taps).T
        if self._conv.bias:
            self._weights[taps] = self._conv.params["bias"]
        for band in range(self._tiling.bands):
            rows = band_rows(band, self._tiling.out_height)
            np.matmul(self._unrolled[rows].transpose(0, 2, 1), self._weights, out=self._lines(self._out, rows))
            self._bands.forward(band, self._out, train=train)

    def backward(self, accept: Accept | None) -> None:
        """Fill the gradients of weight and bias, and give the input's, (H, W, N, C), to `accept`, if there is one."""
        t = self._tiling
        shape = (t.height + 2 * t.padding, t.width + 2 * t.padding, t.batch, t.channels)
        padded = None if accept is None else np.zeros(shape, self._weights.dtype)
        for band in range(t.bands):
            self._bands.prepare(band)
            rows = band_rows(band, t.out_height)
            grad = self._lines(self._bands.grads[band], rows)
            np.matmul(self._unrolled[rows], grad, out=self._grad_weights[rows])
            if padded is not None:
                self._scatter(grad, padded, rows)
        self._gather()
        if accept is not None and padded is not None:
            accept(0, padded[t.padding : t.padding + t.height, t.padding : t.padding + t.width])

    def _lines(self, band: Array, rows: slice) -> Array:
        """Return the image's part of a band, (4, 4·tiles, N, F), as (rows, OW·N, F): a view."""
        t = self._tiling
        lines = band.reshape(TILE, -1, t.filters)
        return lines[: rows.stop - rows.start, : t.out_width * t.batch]

    def _gather(self) -> None:
        """Fill the gradients of weight and bias from those of the rows."""
        taps = 9 * self._tiling.channels
        total = self._grad_weights.sum(axis=0)
        np.copyto(self._conv.grads["weight"].reshape(-1, taps), total[:taps].T)
        if self._conv.bias:
            np.copyto(self._conv.grads["bias"], total[taps])

    def _scatter(self, grad: Array, padded: Array, rows: slice) -> None:
        """Add the gradients of the pixels under the windows of some output rows to `padded`, (y, x, N, C)."""
        t = self._tiling
        pixels = grad @ self._weights[: 9 * t.channels].T
        pixels = pixels.reshape(len(grad), t.out_width, t.batch, t.channels, 3, 3)
        for down in range(3):
            for right in range(3):
                target = padded[rows.start + down : rows.stop + down, right : right + t.out_width]
                np.add(target, pixels[..., down, right], out=target)
