"""Configs that are spread evenly over a box: a lattice; where relations must hold, those of its points that may be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hpo.searching.fitting import TRIES, fitting, mended
from hpo.searching.space import Box, Config, SearchSpace, Value
from hpo.storage.errors import UserError

AT_LEAST, AT_ONCE = 5000, 256
"""So many points are tried at least; so many are made at once."""


def lattice(space: SearchSpace, box: Box, n: int, seed: int, near: Sequence[Config] = ()) -> list[dict[str, Value]]:
    """Return `n` points of a randomly shifted R_d lattice in `box`.

    x_i = frac(shift + i * alpha), alpha_j = phi_d ** -(j + 1), where phi_d is the root of x ** (d + 1) = x + 1
    (Roberts 2018, "The unreasonable effectiveness of quasirandom sequences"): every prefix covers the box evenly.
    Where relations must hold, the points are those of more of them that may be; where there are too few, what lies
    between others and the configs `near`, and where there are none, points of the whole limits.
    """
    if space.is_free:
        return [config_at(space, box, point) for point in _points(len(space.hyperparameters), 0, n, seed)]
    drawn = (config_at(space, box, point) for point in endless(space, seed))
    found, refused = fitting(space, drawn, n, max(TRIES * n, AT_LEAST))
    return found + instead(space, box, refused, n - len(found), seed=seed, near=near)


def endless(space: SearchSpace, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield all points of the lattice: a share (0..1) for each hyperparameter."""
    for start in itertools.count(0, AT_ONCE):
        yield from _points(len(space.hyperparameters), start, start + AT_ONCE, seed)


def instead(
    space: SearchSpace, box: Box, refused: Sequence[Config], n: int, *, seed: int, near: Sequence[Config]
) -> list[dict[str, Value]]:
    """Return `n` configs in place of draws that were `refused`: see `lattice`."""
    if n <= 0:
        return []
    found = [config for values in refused[:n] if (config := mended(space, box, values, near)) is not None]
    if len(found) == n:
        return found
    if box == space.limits():
        raise UserError(
            f"{AT_LEAST:,} draws found no config of which all relations hold ({said(space)}); loosen one of them"
        )
    return found + lattice(space, space.limits(), n - len(found), seed)


def said(space: SearchSpace) -> str:
    """Return the relations of a space for people."""
    return ", ".join(f'"{each.text}"' for each in space.relations)


def config_at(space: SearchSpace, box: Box, point: NDArray[np.float64]) -> dict[str, Value]:
    """Return the values at `point`, a share (0..1) of the way through its region for each hyperparameter."""
    return {name: space.at(box, name, float(share)) for name, share in zip(space.hyperparameters, point, strict=True)}


def _points(dimensions: int, first: int, last: int, seed: int) -> NDArray[np.float64]:
    """Return the points from number `first` to before `last`, (last - first, dimensions)."""
    phi = 2.0
    for _ in range(64):  # the fixed point iteration contracts; 64 rounds are exact in float64
        phi = (1 + phi) ** (1 / (dimensions + 1))
    alpha = phi ** -np.arange(1.0, dimensions + 1)
    shift = np.random.default_rng(seed).random(dimensions)
    points: NDArray[np.float64] = (shift + np.outer(np.arange(first, last), alpha)) % 1.0
    return points
