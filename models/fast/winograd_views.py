"""The views of its buffers that a Winograd convolution multiplies: made once, since making them costs as much as using.

Letters and layout are those of winograd.py. A group is g tiles of a band, from tile `start` to before tile `stop`, that
go through all steps together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from numpy.lib.stride_tricks import sliding_window_view

from hpo.models.arrays import Array, Shape
from hpo.models.fast.tiling import Tiling, pieces
from hpo.models.fast.winograd_matrices import ONE, REACH, TILE


@dataclass(frozen=True, slots=True)
class TileViews:
    """V of a group: as a transform writes it, by_tile, (6, g, 6, N·C); as M = V U reads it, factors, (36, g·N, C); and
    as dU = V^T dM does, turned, (36, C, g·N).
    """

    by_tile: Array
    factors: Array
    turned: Array


@dataclass(frozen=True, slots=True)
class ForwardViews:
    """A group on its way from input to output.

    columns: of the padded input, those that the groups before have not transformed yet. line_pieces: where they go as
    B^T d, (pieces, 6, length). windows: B^T d by tile, (6, g, 6, N·C). products: M, (36, g·N, F). ones: M at place
    (1, 1), (g, N·F). products_by_tile: M, (6, g, 6, N·F). halves: M A, (6, g, 4, N·F); half_pieces: the same,
    (pieces, 6, length). out_pieces: Y, (pieces, 4, length).
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
class BackwardViews:
    """A group on its way from the gradient at the output to dM and dV.

    columns: of the output. halves: A dY, (6, g, 4, N·F); half_pieces: the same, (pieces, 6, length). products: dM,
    (36, g·N, F); by_place, as dV = dM U^T reads it, (6, 6, g, N, F); by_tile, (6, g, 6, N·F). ones: dM at place (1, 1),
    (g·N, F). grads_by_place: dV, (6, 6, g, N, C). pairs: dV of the tile before and of each tile, (6, g, 12, N·C).
    """

    columns: slice
    halves: Array
    half_pieces: Array
    products: Array
    products_by_place: Array
    products_by_tile: Array
    ones: Array
    grads_by_place: Array
    pairs: Array


@dataclass(frozen=True, slots=True)
class RowViews:
    """A group on its last way, from dV to the gradient at the input, in a band of even or in one of odd number.

    columns: dV B^T, (6, g, 4, N·C). end, for the last group only: its last tile's dV, (6, 6, N·C), and dV B^T in the
    two columns behind, (6, 2, N·C). line_pieces: dV B^T of two bands, (pieces, 12, length): even above odd, so that the
    earlier band is above or below. grad_pieces: dX of four rows, (pieces, 4, length).
    """

    columns: Array
    end: tuple[Array, Array] | None
    line_pieces: Array
    grad_pieces: Array


def scratch_shapes(tiling: Tiling) -> dict[str, Shape]:
    """Return the shapes of the intermediate results: of a band, but for `products` and `halves`, of a group."""
    t = tiling
    inputs, outputs = (t.batch, t.channels), (t.batch, t.filters)
    return {
        "lines": (REACH, t.padded_width, *inputs),  # B^T d
        "products": (REACH, REACH, t.group, *outputs),  # M, then dM
        "halves": (REACH, TILE * t.group, *outputs),  # M A, then A dY
        "out": (TILE, TILE * t.tiles, *outputs),  # Y
        "grad_tiles": (REACH, 1 + t.tiles, REACH, *inputs),  # dV, behind a tile of zeros
        "grad_lines": (2, REACH, t.padded_width, *inputs),  # dV B^T, of the last even and the last odd band
        "grad_rows": (TILE, t.padded_width, *inputs),  # dX
    }


def tile_views(tiling: Tiling, tiles: Array, start: int, stop: int) -> TileViews:
    """Return the views of a band's V, (6, 6, tiles, N, C), for a group."""
    factors = tiles.reshape(REACH**2, -1, tiling.channels)[:, start * tiling.batch : stop * tiling.batch]
    return TileViews(_by_tile(tiles[:, :, start:stop]), factors, factors.transpose(0, 2, 1))


def forward_views(tiling: Tiling, scratch: Mapping[str, Array], start: int, stop: int) -> ForwardViews:
    """Return a group's views of `scratch`."""
    columns = slice(TILE * start + REACH - TILE if start else 0, TILE * stop + REACH - TILE)
    lines = scratch["lines"].reshape(REACH, tiling.padded_width, -1)
    windows = sliding_window_view(lines, REACH, axis=1)[:, ::TILE].swapaxes(2, 3)
    products, halves = _of_group(tiling, scratch, stop - start)
    return ForwardViews(
        columns=columns,
        line_pieces=pieces(scratch["lines"][:, columns]),
        windows=windows[:, start:stop],
        products=products.reshape(REACH**2, -1, tiling.filters),
        ones=products[ONE, ONE].reshape(stop - start, -1),
        products_by_tile=_by_tile(products),
        halves=halves.reshape(REACH, stop - start, TILE, -1),
        half_pieces=pieces(halves),
        out_pieces=pieces(scratch["out"][:, TILE * start : TILE * stop]),
    )


def backward_views(tiling: Tiling, scratch: Mapping[str, Array], start: int, stop: int) -> BackwardViews:
    """Return a group's views of `scratch`."""
    products, halves = _of_group(tiling, scratch, stop - start)
    grad_tiles = scratch["grad_tiles"].reshape(REACH, (1 + tiling.tiles) * REACH, -1)
    pairs = sliding_window_view(grad_tiles, 2 * REACH, axis=1)[:, ::REACH].swapaxes(2, 3)
    return BackwardViews(
        columns=slice(TILE * start, TILE * stop),
        halves=halves.reshape(REACH, stop - start, TILE, -1),
        half_pieces=pieces(halves),
        products=products.reshape(REACH**2, -1, tiling.filters),
        products_by_place=products,
        products_by_tile=_by_tile(products),
        ones=products[ONE, ONE].reshape(-1, tiling.filters),
        grads_by_place=scratch["grad_tiles"][:, 1 + start : 1 + stop].swapaxes(1, 2),
        pairs=pairs[:, start:stop],
    )


def row_views(tiling: Tiling, scratch: Mapping[str, Array], odd: int, start: int, stop: int) -> RowViews:
    """Return a group's views of `scratch`, for bands of odd number if `odd` is 1, of even number if it is 0."""
    last = stop == tiling.tiles
    lines = scratch["grad_lines"][odd].reshape(REACH, tiling.padded_width, -1)
    last_tile = scratch["grad_tiles"][:, -1].reshape(REACH, REACH, -1)
    reached = slice(TILE * start, tiling.padded_width if last else TILE * stop)
    both_bands = scratch["grad_lines"].reshape(2 * REACH, *scratch["grad_lines"].shape[2:])
    return RowViews(
        columns=lines[:, TILE * start : TILE * stop].reshape(REACH, stop - start, TILE, -1),
        end=(last_tile, lines[:, TILE * tiling.tiles :]) if last else None,
        line_pieces=pieces(both_bands[:, reached]),
        grad_pieces=pieces(scratch["grad_rows"][:, reached]),
    )


def _of_group(tiling: Tiling, scratch: Mapping[str, Array], count: int) -> tuple[Array, Array]:
    """Return contiguous arrays for `count` tiles: `products`, (6, 6, count, N, F), and `halves`, (6, 4·count, N, F)."""
    maps = (tiling.batch, tiling.filters)
    products: Shape = (REACH, REACH, count, *maps)
    halves: Shape = (REACH, TILE * count, *maps)
    return (
        scratch["products"].reshape(-1)[: prod(products)].reshape(products),
        scratch["halves"].reshape(-1)[: prod(halves)].reshape(halves),
    )


def _by_tile(places: Array) -> Array:
    """Return (6, 6, g, N, C) as (6, g, 6, N·C): the columns of each tile, as a transform along x takes them."""
    return places.reshape(*places.shape[:3], -1).swapaxes(1, 2)
