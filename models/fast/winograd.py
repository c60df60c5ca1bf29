"""A 3x3 convolution by Winograd's F(4x4, 3x3), forward and backward, in small matrix products.

Maps are (y, x, n, c) in memory: the row of the image outermost, then its column, then the image, then the channel. It
makes every step of the algorithm a product of contiguous operands, and matrix products are what NumPy does fastest:

- a transform along y is (6, 6) @ (6 rows, whole lines of x, n and c);
- a transform along x is (6, 6) @ (6 columns, N·C), for each tile;
- the sum over the channels is 36 products (tiles·N, C) @ (C, F);
- the output lands as rows of the next convolution's padded input.

Per 4x4 outputs the sum over the channels takes 36 multiplications instead of 144. The result differs from a direct
convolution's by rounding only: 1 to 4e-6 of the largest number in float32, where a direct one errs by 2e-7.

Backward is the adjoint of every forward step in turn, so the transformed inputs V serve for the weights' gradient, and
the gradient at the outputs is transformed once for both of its uses:

    dM = A dY A^T,    dU = V^T dM,    dW = G^T dU G,    dV = dM U^T,    dX = sum of B dV B^T over the tiles.
"""

from collections.abc import Mapping

import numpy as np

from hpo.models.arrays import Array, Shape
from hpo.models.fast.arena import Arena
from hpo.models.fast.bands import Accept, Bands
from hpo.models.fast.tiling import Tiling, pieces
from hpo.models.fast.winograd_matrices import REACH, TILE, Transforms
from hpo.models.fast.winograd_views import (
    BackwardViews,
    RowViews,
    TileViews,
    backward_views,
    forward_views,
    row_views,
    scratch_shapes,
    tile_views,
)
from hpo.models.layers import Conv2d


class WinogradConv:
    """`conv` over batches of tiling.batch images, with what follows it, `bands`.

    The parameters and their gradients stay the layer's own. scratch: arrays of `scratch_shapes`, which others may use
    between the calls. interior: (H, W, N, C), to be written: the input, inside a border of zeros.
    """

    def __init__(self, conv: Conv2d, tiling: Tiling, bands: Bands, scratch: Mapping[str, Array], arena: Arena) -> None:
        t = tiling
        self._conv, self._tiling, self._bands, self._scratch = conv, tiling, bands, scratch
        self._matrices = Transforms.of(arena.dtype)
        padded = arena.zeros((t.padded_height, t.padded_width, t.batch, t.channels))
        self.interior = padded[t.padding : t.padding + t.height, t.padding : t.padding + t.width]
        # V, (bands, 6, 6, tiles, N, C); prediction uses the first band for all, so that it stays in the cache.
        self._tiles = arena.zeros((t.bands, REACH, REACH, t.tiles, t.batch, t.channels))
        self._weights = arena.zeros((REACH**2, t.channels, t.filters))  # U
        self._weights_turned = arena.zeros((REACH**2, t.filters, t.channels))  # U^T
        self._grad_weights = arena.zeros(self._weights.shape)  # dU
        self._partial_weights = arena.zeros(self._weights.shape)
        self._taps = arena.zeros((3, 3, t.channels, t.filters))
        self._bias = arena.zeros((t.batch, t.filters))
        self._ones = np.ones(t.group * t.batch, arena.dtype)
        self._partial_bias = arena.zeros((t.filters,))

        self._forward_views = [forward_views(t, scratch, *group) for group in t.groups]
        self._backward_views = [backward_views(t, scratch, *group) for group in t.groups]
        self._row_views = [[row_views(t, scratch, odd, *group) for group in t.groups] for odd in (0, 1)]
        self._tile_views = [[tile_views(t, tiles, *group) for group in t.groups] for tiles in self._tiles]
        windows = [padded[TILE * band : TILE * band + REACH] for band in range(t.bands)]
        self._input_pieces = [[pieces(rows[:, group.columns]) for group in self._forward_views] for rows in windows]
        self._grad_pieces = [[pieces(rows[:, group.columns]) for group in self._backward_views] for rows in bands.grads]

    @staticmethod
    def scratch_shapes(tiling: Tiling) -> dict[str, Shape]:
        """Return the shapes of the intermediate results."""
        return scratch_shapes(tiling)

    def forward(self, *, train: bool) -> None:
        """Convolve what `interior` holds and hand it to the bands; in training, keep its transform for backward."""
        matrices, scratch = self._matrices, self._scratch
        self._transform_weights()
        bias = self._bias.reshape(-1)
        if self._conv.bias:
            np.copyto(self._bias, self._conv.params["bias"])
        for band, inputs in enumerate(self._input_pieces):
            band_of_tiles = self._tile_views[band if train else 0]
            for rows, tiles, group in zip(inputs, band_of_tiles, self._forward_views, strict=True):
                np.matmul(matrices.inputs, rows, out=group.line_pieces)  # B^T d
                np.matmul(matrices.inputs, group.windows, out=tiles.by_tile)  # V = B^T d B
                np.matmul(tiles.factors, self._weights, out=group.products)  # M = V U, eq. 12
                if self._conv.bias:
                    np.add(group.ones, bias, out=group.ones)
                np.matmul(matrices.outputs, group.products_by_tile, out=group.halves)  # M A
                np.matmul(matrices.outputs, group.half_pieces, out=group.out_pieces)  # Y = A^T M A
            self._bands.forward(band, scratch["out"], train=train)

    def backward(self, accept: Accept | None) -> None:
        """Fill the gradients of weight and bias from the bands', and give the input's to `accept`, if there is one."""
        if accept is not None:
            np.copyto(self._weights_turned, self._weights.transpose(0, 2, 1))
            self._scratch["grad_tiles"][:, 0].fill(0)  # before the first tile
            self._scratch["grad_lines"][1].fill(0)  # before the first band
        self._grad_weights.fill(0)
        if self._conv.bias:
            self._conv.grads["bias"].fill(0)
        for band, grads in enumerate(self._grad_pieces):
            self._bands.prepare(band)
            groups = zip(grads, self._tile_views[band], self._backward_views, self._row_views[band % 2], strict=True)
            for rows, tiles, group, input_rows in groups:
                self._fill_gradients(rows, tiles, group)
                if accept is not None:
                    self._fill_rows(band, group, input_rows)
            if accept is not None:
                self._hand_over(TILE * band, self._scratch["grad_rows"], accept)
        if accept is not None:
            self._finish_rows(accept)
        self._transform_weights_back()

    def _transform_weights(self) -> None:
        """U = G g G^T for every pair of a channel and a filter."""
        np.copyto(self._taps, self._conv.params["weight"].transpose(2, 3, 1, 0))
        np.matmul(self._matrices.filters, self._taps.reshape(9, -1), out=self._weights.reshape(REACH**2, -1))

    def _transform_weights_back(self) -> None:
        """dW = G^T dU G."""
        grad = self._grad_weights.reshape(REACH**2, -1)
        np.matmul(self._matrices.filters_back, grad, out=self._taps.reshape(9, -1))
        np.copyto(self._conv.grads["weight"], self._taps.transpose(3, 2, 0, 1))

    def _fill_gradients(self, rows: Array, tiles: TileViews, group: BackwardViews) -> None:
        """Transform a group's gradients to dM, and add what it holds for weight and bias to their gradients.

        rows: dY, (pieces, 4, length).
        """
        matrices = self._matrices
        np.matmul(matrices.outputs_back, rows, out=group.half_pieces)  # A dY
        np.matmul(matrices.outputs_back, group.halves, out=group.products_by_tile)  # dM = A dY A^T
        np.matmul(tiles.turned, group.products, out=self._partial_weights)  # dU = V^T dM
        np.add(self._grad_weights, self._partial_weights, out=self._grad_weights)
        if self._conv.bias:
            # ones @ x is the sum over the batch, by BLAS: 2.5 times as fast as sum(axis=0).
            np.dot(self._ones[: len(group.ones)], group.ones, out=self._partial_bias)
            np.add(self._conv.grads["bias"], self._partial_bias, out=self._conv.grads["bias"])

    def _fill_rows(self, band: int, group: BackwardViews, rows: RowViews) -> None:
        """Fill a group's columns of dX in four rows, those of band number `band`; all that reaches them has come."""
        matrices = self._matrices
        weights = self._weights_turned.reshape(REACH, REACH, 1, *self._weights_turned.shape[1:])
        np.matmul(group.products_by_place, weights, out=group.grads_by_place)  # dV = dM U^T
        np.matmul(matrices.inputs_back, group.pairs, out=rows.columns)  # dV B^T
        if rows.end is not None:
            last_tile, last_columns = rows.end
            np.matmul(matrices.inputs_back_end, last_tile, out=last_columns)
        along_y = matrices.inputs_back if band % 2 else matrices.inputs_back_swapped
        np.matmul(along_y, rows.line_pieces, out=rows.grad_pieces)  # dX = B dV B^T

    def _finish_rows(self, accept: Accept) -> None:
        """Hand over the last two rows of dX, which only the last band reaches."""
        start = TILE * self._tiling.bands
        if start >= self._tiling.padding + self._tiling.height:
            return  # they are border
        lines = self._scratch["grad_lines"][(self._tiling.bands - 1) % 2]
        rows = self._scratch["grad_rows"][: REACH - TILE]
        np.matmul(self._matrices.inputs_back_end, pieces(lines), out=pieces(rows))
        self._hand_over(start, rows, accept)

    def _hand_over(self, start: int, rows: Array, accept: Accept) -> None:
        """Give the rows of padded inputs from `start` on to `accept`, without the border."""
        t = self._tiling
        first, stop = max(start, t.padding), min(start + len(rows), t.padding + t.height)
        if first < stop:
            accept(first - t.padding, rows[first - start : stop - start, t.padding : t.padding + t.width])
