"""How a 3x3 convolution is cut: into tiles, bands of tiles, groups of tiles, and products of a bearable size."""

from dataclasses import dataclass
from typing import Final

from hpo.models.arrays import Array, Shape
from hpo.models.fast.winograd_matrices import REACH, TILE
from hpo.models.layers import Conv2d

# OpenBLAS multiplies matrices of M*N*K up to this size without packing them first, where the processor has AVX-512
# (kernel/x86_64/sgemm_small_kernel_permit_skylakex.c); packing would cost these flat products more than it saves.
SMALL_PRODUCT: Final = 1_000_000
# A core's second-level cache on the server processors that this was written for (Intel Xeon, since 2023).
CACHE_BYTES: Final = 2 << 20
# Numbers of the largest transform, the (4, 12) of the gradient at the inputs: what one column costs.
TRANSFORM_NUMBERS: Final = 48


@dataclass(frozen=True, slots=True)
class Tiling:
    """The sizes of one convolution over a batch of N images.

    A band is one row of tiles, so four rows of outputs. The last band and the last tile of each band may reach beyond
    the image: inputs are zero there, outputs are not used.
    """

    batch: int
    channels: int
    filters: int
    height: int
    width: int
    padding: int
    itemsize: int

    @staticmethod
    def of(conv: Conv2d, input_shape: Shape, batch: int, itemsize: int) -> "Tiling":
        """Return the sizes of `conv` on inputs of `input_shape`, (C, H, W)."""
        channels, height, width = input_shape
        return Tiling(batch, channels, conv.filters, height, width, conv.padding, itemsize)

    @property
    def out_height(self) -> int:
        """Rows of the output."""
        return self.height + 2 * self.padding - 2

    @property
    def out_width(self) -> int:
        """Columns of the output."""
        return self.width + 2 * self.padding - 2

    @property
    def bands(self) -> int:
        """Tiles below each other."""
        return -(-self.out_height // TILE)

    @property
    def tiles(self) -> int:
        """Tiles beside each other."""
        return -(-self.out_width // TILE)

    @property
    def padded_height(self) -> int:
        """Rows that the tiles look at."""
        return TILE * self.bands + REACH - TILE

    @property
    def padded_width(self) -> int:
        """Columns that the tiles look at."""
        return TILE * self.tiles + REACH - TILE

    @property
    def group(self) -> int:
        """How many tiles of a band go through all steps together, one at least.

        As many as keep each product over the channels small, and their transformed outputs in the cache: these are
        written and read again at once, in both directions.
        """
        by_product = SMALL_PRODUCT // (self.batch * self.channels * self.filters)
        by_cache = CACHE_BYTES // (REACH**2 * self.batch * self.filters * self.itemsize)
        return max(1, min(self.tiles, by_product, by_cache))

    @property
    def groups(self) -> list[tuple[int, int]]:
        """The groups of a band: the first tile of each, and the first tile after it."""
        return [(start, min(start + self.group, self.tiles)) for start in range(0, self.tiles, self.group)]


def band_rows(band: int, height: int) -> slice:
    """Return the rows of band number `band` that exist in maps of `height` rows."""
    return slice(TILE * band, min(TILE * (band + 1), height))


def pieces(rows: Array) -> Array:
    """Return `rows`, (R, columns, N, C), as a stack of matrices (pieces, R, length): a view.

    A transform of the R rows is then one small product for each piece; the fewer, the better.
    """
    height, columns, batch, channels = rows.shape
    unit = batch * channels
    most = max(1, SMALL_PRODUCT // (TRANSFORM_NUMBERS * unit))
    together = max(count for count in range(1, columns + 1) if columns % count == 0 and (count == 1 or count <= most))
    return rows.reshape(height, columns // together, together * unit).swapaxes(0, 1)
