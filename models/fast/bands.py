"""What follows a convolution, on bands of four rows while they are in the cache: [a 2x2 max pool], then a ReLU.

All maps are (y, x, n, c) in memory, see winograd.py. One object sits between two convolutions: forward, it turns the
bands of the first into the inputs of the second; backward, it takes the gradients of these inputs, a few rows at a
time, and turns them into the bands of gradients that the first one wants.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from hpo.models.arrays import Array
from hpo.models.fast.arena import Arena
from hpo.models.fast.tiling import Tiling, band_rows
from hpo.models.fast.winograd_matrices import TILE

# Takes the gradient at some rows of a map: the number of the first row, and (rows, W, N, C).
Accept: TypeAlias = Callable[[int, Array], None]


class Bands(ABC):
    """A ReLU, perhaps with a pool before it.

    out: (OH, OW, N, F), where the outputs go; the ReLU's gradient is read off it, so it must stay until backward.
    grads: for each band, the gradient at the convolution's outputs, (4, 4·tiles, N, F): zero beyond the image.
    """

    def __init__(self, out: Array, arena: Arena) -> None:
        self.out = out
        self.grads: list[Array] = []
        self._zeros = arena.zeros(out.shape[2:])  # against as many zeros, maximum takes half of the time
        self._zero = np.zeros((), out.dtype)  # for greater it is one zero
        self._active = arena.zeros((TILE, *out.shape[1:]), np.bool_)

    @abstractmethod
    def forward(self, band: int, convolved: Array, *, train: bool) -> None:
        """Fill the outputs of band number `band` from the convolution's, (4, 4·tiles, N, F)."""

    @abstractmethod
    def accept(self, start: int, grad: Array) -> None:
        """Take the gradient at the outputs' rows `start` and following, (at most 4, OW, N, F)."""

    def accept_all(self, grad: Array) -> None:
        """Take the gradient at all outputs, (OH, OW, N, F)."""
        for start in range(0, len(grad), TILE):
            self.accept(start, grad[start : start + TILE])

    @abstractmethod
    def prepare(self, band: int) -> None:
        """Make grads[band] hold what it should; it may be the same memory for all bands."""

    def _mask(self, start: int, grad: Array, masked: Array) -> None:
        """Write the gradient before the ReLU into `masked`; all (rows, OW, N, F)."""
        rows = len(grad)
        active = self._active[:rows]
        np.greater(self.out[start : start + rows], self._zero, out=active)
        np.multiply(grad, active, out=masked)


class ReLUBands(Bands):
    """A ReLU alone."""

    def __init__(self, tiling: Tiling, out: Array, arena: Arena) -> None:
        super().__init__(out, arena)
        shape = (TILE * tiling.bands, TILE * tiling.tiles, tiling.batch, tiling.filters)
        grad = arena.zeros(shape)
        self._grad = grad[: tiling.out_height, : tiling.out_width]
        self.grads = [grad[TILE * band : TILE * (band + 1)] for band in range(tiling.bands)]

    def forward(self, band: int, convolved: Array, *, train: bool) -> None:  # noqa: ARG002 - nothing to keep
        """Write the rectified rows."""
        rows = self.out[band_rows(band, len(self.out))]
        np.maximum(convolved[: len(rows), : rows.shape[1]], self._zeros, out=rows)

    def accept(self, start: int, grad: Array) -> None:
        """Mask the rows straight into the gradient of the convolution's outputs."""
        self._mask(start, grad, self._grad[start : start + len(grad)])

    def prepare(self, band: int) -> None:
        """Nothing is left to do."""


class PoolReLUBands(Bands):
    """A 2x2 max pool, then a ReLU, which is the same as the other way round for a quarter of the work.

    Of equal maxima the first, reading left to right and top to bottom, gets the gradient: a later one wins only if it
    is greater. Three comparisons a window say where the first maximum was.
    """

    def __init__(self, tiling: Tiling, out: Array, arena: Arena) -> None:
        super().__init__(out, arena)
        self._grad = arena.zeros(out.shape)
        self._right_above = arena.zeros(out.shape, np.bool_)  # the upper right pixel beat the upper left one
        self._right_below = arena.zeros(out.shape, np.bool_)  # the lower right pixel beat the lower left one
        self._below = arena.zeros(out.shape, np.bool_)  # the lower row beat the upper one
        half = (TILE // 2, *out.shape[1:])
        self._upper, self._lower, self._share = (arena.zeros(half) for _ in range(3))
        self._unpooled = arena.zeros((TILE, TILE * tiling.tiles, tiling.batch, tiling.filters))
        self.grads = [self._unpooled] * tiling.bands

    def _rows(self, band: int) -> slice:
        """Return the rows of pooled outputs that band number `band` makes: two, or one at the end."""
        return slice(2 * band, min(2 * band + 2, len(self.out)))

    def forward(self, band: int, convolved: Array, *, train: bool) -> None:
        """Write the pooled and rectified rows; in training, remember where the maxima were."""
        rows = self._rows(band)
        count, width = rows.stop - rows.start, 2 * self.out.shape[1]
        left, right = convolved[: 2 * count, 0:width:2], convolved[: 2 * count, 1:width:2]
        upper, lower = self._upper[:count], self._lower[:count]
        if train:
            np.greater(right[0::2], left[0::2], out=self._right_above[rows])
            np.greater(right[1::2], left[1::2], out=self._right_below[rows])
        np.maximum(left[0::2], right[0::2], out=upper)
        np.maximum(left[1::2], right[1::2], out=lower)
        if train:
            np.greater(lower, upper, out=self._below[rows])
        np.maximum(upper, lower, out=upper)
        np.maximum(upper, self._zeros, out=self.out[rows])

    def accept(self, start: int, grad: Array) -> None:
        """Mask the rows; they are spread over the windows when their band's turn comes."""
        self._mask(start, grad, self._grad[start : start + len(grad)])

    def prepare(self, band: int) -> None:
        """Give each window's gradient to its first maximum."""
        rows = self._rows(band)
        count, width = rows.stop - rows.start, 2 * self.out.shape[1]
        grad, upper, lower = self._grad[rows], self._upper[:count], self._lower[:count]
        self._divide(grad, self._below[rows], upper, lower)
        left, right = self._unpooled[:, 0:width:2], self._unpooled[:, 1:width:2]
        self._divide(upper, self._right_above[rows], left[0 : 2 * count : 2], right[0 : 2 * count : 2])
        self._divide(lower, self._right_below[rows], left[1 : 2 * count : 2], right[1 : 2 * count : 2])
        self._unpooled[2 * count :].fill(0)  # a last band of two rows: below them the band before may have left its own

    def _divide(self, grad: Array, second_won: Array, first: Array, second: Array) -> None:
        """Give `grad` to `second` where `second_won`, else to `first`; the other one gets 0."""
        share = self._share[: len(grad)]
        np.multiply(grad, second_won, out=share)
        np.subtract(grad, share, out=first)
        np.copyto(second, share)
