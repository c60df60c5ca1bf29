"""A 3x3 convolution by Winograd's F(4x4, 3x3), forward and backward, in small matrix products.

Maps are (y, x, n, c) in memory: the row of the image outermost, then its column, then the image, then the channel. It
makes every step of the algorithm a product of contiguous operands, and matrix products are what NumPy does fastest:

- a transform along y is (6, 6) @ (6 rows, whole lines of x, n and c);
- a transform along x is (6, 6) @ (6 columns, N·C), for each tile;
- the sum over the channels is 36 products (tiles·N, C) @ (C, F);
- the output lands as rows of the next convolution's padded input.

Per 4x4 outputs the sum over the channels takes 36 multiplications instead of 144. The result differs from a direct
convolution's by rounding only: about 2e-6 of the largest output in float32, where a direct one errs by 2e-7.

Backward is the adjoint of every forward step in turn, so the transformed inputs V serve for the weights' gradient, and
the gradient at the outputs is transformed once for both of its uses:

    dM = A dY A^T,    dU = V^T dM,    dW = G^T dU G,    dV = dM U^T,    dX = sum of B dV B^T over the tiles.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from models.arrays import Array, Shape
from models.fast.arena import Arena
from models.fast.bands import Accept, Bands
from models.fast.tiling import Tiling, pieces
from models.fast.winograd_matrices import ONE, REACH, TILE, Transforms
from models.layers import Conv2d


@dataclass(frozen=True, slots=True)
class _Forward:
    """Views for a group of g tiles on its way through a band, from transformed lines to outputs.

    line_pieces: where this group's columns of B^T d go, (pieces, 6, length). windows: these and the columns shared with
    the group before, by tile, (6, g, 6, N·C). products: M, (36, g·N, F). ones: M at (1, 1), (g, N·F). products_by_tile:
    M as (6, g, 6, N·F). halves: M A, (6, g, 4, N·F), which as half_pieces, (pieces, 6, length), become out_pieces,
    (pieces, 4, length).
    """

    columns: slice
    line_pieces: Array
    windows: Array
    products: Array
    ones: Array
    products_by_tile: Array
    halves: Array
    half_pieces: Array
    out_pieces: Array


@dataclass(frozen=True, slots=True)
class _Backward:
    """Views for a group of g tiles on its way back through a band.

    halves: A dY, (6, g, 4, N·F), and as half_pieces, (pieces, 6, length). products: dM, (36, g·N, F); by tile and place
    for the product with U^T, (6, 6, g, N, F); by tile for the transform, (6, g, 6, N·F). ones: dM at (1, 1), (g·N, F).
    tiles_by_place: dV, (6, 6, g, N, C). pairs: dV of each tile and of the one before it, (6, g, 12, N·C).
    """

    columns: slice
    halves: Array
    half_pieces: Array
    products: Array
    products_by_place: Array
    products_by_tile: Array
    ones: Array
    tiles_by_place: Array
    pairs: Array


@dataclass(frozen=True, slots=True)
class _Lines:
    """Views for the last steps of a group at the inputs' gradient, for bands of even or of odd number.

    columns: where dV B of the group goes, (6, g, 4, N·C). end: the last tile's dV, (6, 6, N·C), and the two columns
    behind its four, (6, 2, N·C); None but for the last group. pieces: dV B of this band and of the one before,
    (pieces, 12, length); grad_pieces: the gradients of four rows, (pieces, 4, length).
    """

    columns: Array
    end: tuple[Array, Array] | None
    pieces: Array
    grad_pieces: Array


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

        self._forward_groups = [self._forward_views(start, stop) for start, stop in t.groups]
        self._backward_groups = [self._backward_views(start, stop) for start, stop in t.groups]
        self._tile_views = [[self._views_of_tiles(tiles, *group) for group in t.groups] for tiles in self._tiles]
        bands_of_inputs = [padded[TILE * band : TILE * band + REACH] for band in range(t.bands)]
        self._input_pieces = [[pieces(b[:, g.columns]) for g in self._forward_groups] for b in bands_of_inputs]
        self._grad_pieces = [[pieces(b[:, g.columns]) for g in self._backward_groups] for b in bands.grads]
        self._line_groups = [[self._line_views(odd, *group) for group in t.groups] for odd in (0, 1)]

    @staticmethod
    def scratch_shapes(tiling: Tiling) -> dict[str, Shape]:
        """Return the shapes of the intermediate results of one band, or of one group of its tiles."""
        t = tiling
        inputs, outputs = (t.batch, t.channels), (t.batch, t.filters)
        return {
            "lines": (REACH, t.padded_width, *inputs),  # B^T d
            "products": (REACH, REACH, t.group, *outputs),  # M, then dM
            "halves": (REACH, TILE * t.group, *outputs),  # M A, then A dY
            "out": (TILE, TILE * t.tiles, *outputs),  # Y
            "grad_tiles": (REACH, 1 + t.tiles, REACH, *inputs),  # dV, behind a tile of zeros
            "grad_lines": (2, REACH, t.padded_width, *inputs),  # dV B, of even and of odd bands
            "grad_rows": (TILE, t.padded_width, *inputs),  # dX
        }

    def forward(self, *, train: bool) -> None:
        """Convolve what `interior` holds and hand it to the bands; in training, keep its transform for backward."""
        matrices, scratch = self._matrices, self._scratch
        self._transform_weights()
        bias = self._bias.reshape(-1)
        if self._conv.bias:
            np.copyto(self._bias, self._conv.params["bias"])
        for band, inputs in enumerate(self._input_pieces):
            tiles = self._tile_views[band if train else 0]
            for rows, (by_window, factors, _), group in zip(inputs, tiles, self._forward_groups, strict=True):
                np.matmul(matrices.inputs, rows, out=group.line_pieces)  # B^T d
                np.matmul(matrices.inputs, group.windows, out=by_window)  # V = B^T d B
                np.matmul(factors, self._weights, out=group.products)  # M = V U, eq. 12
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
            groups = zip(grads, self._tile_views[band], self._backward_groups, self._line_groups[band % 2], strict=True)
            for rows, (_, _, turned), group, lines in groups:
                self._fill_gradients(rows, turned, group)
                if accept is not None:
                    self._fill_rows(band, group, lines)
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

    def _fill_gradients(self, rows: Array, turned: Array, group: _Backward) -> None:
        """Transform a group's gradients to dM, and add what it holds for weight and bias to their gradients.

        rows: dY, (pieces, 4, length). turned: V^T, (36, C, g·N).
        """
        matrices = self._matrices
        np.matmul(matrices.outputs_back, rows, out=group.half_pieces)  # A dY
        np.matmul(matrices.outputs_back, group.halves, out=group.products_by_tile)  # dM = A dY A^T
        np.matmul(turned, group.products, out=self._partial_weights)  # dU = V^T dM
        np.add(self._grad_weights, self._partial_weights, out=self._grad_weights)
        if self._conv.bias:
            # ones @ x is the sum over the batch, by BLAS: 2.5 times as fast as sum(axis=0).
            np.dot(self._ones[: len(group.ones)], group.ones, out=self._partial_bias)
            np.add(self._conv.grads["bias"], self._partial_bias, out=self._conv.grads["bias"])

    def _fill_rows(self, band: int, group: _Backward, lines: _Lines) -> None:
        """Fill a group's columns of dX in four rows, those of band number `band`; all that reaches them has come."""
        matrices = self._matrices
        weights = self._weights_turned.reshape(REACH, REACH, 1, *self._weights_turned.shape[1:])
        np.matmul(group.products_by_place, weights, out=group.tiles_by_place)  # dV = dM U^T
        np.matmul(matrices.inputs_back, group.pairs, out=lines.columns)  # dV B^T
        if lines.end is not None:
            last_tile, last_columns = lines.end
            np.matmul(matrices.inputs_back_end, last_tile, out=last_columns)
        along_y = matrices.inputs_back if band % 2 else matrices.inputs_back_swapped
        np.matmul(along_y, lines.pieces, out=lines.grad_pieces)  # dX = B dV B^T

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

    def _views_of_tiles(self, tiles: Array, start: int, stop: int) -> tuple[Array, Array, Array]:
        """Return V of a band, (6, 6, tiles, N, C), from tile `start` on as a transform along x writes it, as M = V U
        reads it, and turned for dU: (6, g, 6, N·C), (36, g·N, C), (36, C, g·N).
        """
        group = tiles[:, :, start:stop]
        factors = tiles.reshape(REACH**2, -1, self._tiling.channels)
        factors = factors[:, start * self._tiling.batch : stop * self._tiling.batch]
        return _by_tile(group), factors, factors.transpose(0, 2, 1)

    def _forward_views(self, start: int, stop: int) -> _Forward:
        scratch, t = self._scratch, self._tiling
        columns = slice(TILE * start + REACH - TILE if start else 0, TILE * stop + REACH - TILE)
        lines = scratch["lines"].reshape(REACH, t.padded_width, -1)
        windows = sliding_window_view(lines, REACH, axis=1)[:, ::TILE].swapaxes(2, 3)
        products, halves = self._group_scratch(stop - start)
        return _Forward(
            columns=columns,
            line_pieces=pieces(scratch["lines"][:, columns]),
            windows=windows[:, start:stop],
            products=products.reshape(REACH**2, -1, t.filters),
            ones=products[ONE, ONE].reshape(stop - start, -1),
            products_by_tile=_by_tile(products),
            halves=halves.reshape(REACH, stop - start, TILE, -1),
            half_pieces=pieces(halves),
            out_pieces=pieces(scratch["out"][:, TILE * start : TILE * stop]),
        )

    def _backward_views(self, start: int, stop: int) -> _Backward:
        scratch, t = self._scratch, self._tiling
        products, halves = self._group_scratch(stop - start)
        grad_tiles = scratch["grad_tiles"].reshape(REACH, (1 + t.tiles) * REACH, -1)
        pairs = sliding_window_view(grad_tiles, 2 * REACH, axis=1)[:, ::REACH].swapaxes(2, 3)
        return _Backward(
            columns=slice(TILE * start, TILE * stop),
            halves=halves.reshape(REACH, stop - start, TILE, -1),
            half_pieces=pieces(halves),
            products=products.reshape(REACH**2, -1, t.filters),
            products_by_place=products,
            products_by_tile=_by_tile(products),
            ones=products[ONE, ONE].reshape(-1, t.filters),
            tiles_by_place=scratch["grad_tiles"][:, 1 + start : 1 + stop].swapaxes(1, 2),
            pairs=pairs[:, start:stop],
        )

    def _line_views(self, odd: int, start: int, stop: int) -> _Lines:
        scratch, t = self._scratch, self._tiling
        last = stop == t.tiles
        by_column = scratch["grad_lines"][odd].reshape(REACH, t.padded_width, -1)
        columns = by_column[:, TILE * start : TILE * stop].reshape(REACH, stop - start, TILE, -1)
        last_tile = scratch["grad_tiles"][:, -1].reshape(REACH, REACH, -1)
        reached = slice(TILE * start, t.padded_width if last else TILE * stop)
        both_bands = scratch["grad_lines"].reshape(2 * REACH, *scratch["grad_lines"].shape[2:])
        return _Lines(
            columns=columns,
            end=(last_tile, by_column[:, TILE * t.tiles :]) if last else None,
            pieces=pieces(both_bands[:, reached]),
            grad_pieces=pieces(scratch["grad_rows"][:, reached]),
        )

    def _group_scratch(self, count: int) -> tuple[Array, Array]:
        """Return contiguous arrays for a group of `count` tiles: (6, 6, count, N, F), (6, 4·count, N, F)."""
        t = self._tiling
        shapes = ((REACH, REACH, count, t.batch, t.filters), (REACH, TILE * count, t.batch, t.filters))
        products, halves = (
            self._scratch[name].reshape(-1)[: int(np.prod(shape))].reshape(shape)
            for name, shape in zip(("products", "halves"), shapes, strict=True)
        )
        return products, halves


def _by_tile(places: Array) -> Array:
    """Return (6, 6, g, N, C) as (6, g, 6, N·C): the columns of each tile, as a transform along x takes them."""
    return places.reshape(*places.shape[:3], -1).swapaxes(1, 2)
