"""How the values of a hyperparameter are dealt anew among trials, for a permutation test that asks whether they matter.

Where nothing forbids it, in any order. Where relations must hold, values that were drawn together are not free of each
other: a hidden layer that may be no wider than the one before is narrow where that is narrow. So a deal gives every
trial a value that its other values allow, and each such deal is as likely as any other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo.searching.space import Config, SearchSpace

SWAPS = 6
"""The walk to a deal tries so many swaps for each trial."""

MOST = 300
"""Of more trials at once it takes too long to see which values go with which; then they are dealt in any order."""

Deals = NDArray[np.int64]
Allowed = NDArray[np.bool_]


def allowed(space: SearchSpace, name: str, configs: Sequence[Config]) -> Allowed | None:
    """Return whether each of the `configs` may have the value of each, (n, n); None where every one may have any."""
    named = [each for each in space.relations if name in each.names]
    if not named or len(configs) > MOST:
        return None
    return np.array(
        [
            [all(relation.holds({**space.whole(config), name: other[name]}) for relation in named) for other in configs]
            for config in configs
        ],
        dtype=bool,
    )


def deals(count: int, number: int, rng: np.random.Generator, may: Allowed | None = None) -> Deals:
    """Return which trial gets the value of each, (number, count); the first deal is the real one.

    With `may`, from `allowed`, the deals are the ends of walks by swaps that it allows, all of them begun where a walk
    from the real one ended: then the real one and the dealt ones can't be told apart if the hyperparameter has no
    effect (Besag & Clifford 1989, "Generalized Monte Carlo significance tests", the parallel method).
    """
    dealt = np.tile(np.arange(count), (number, 1))
    if may is None:
        dealt[1:] = rng.permuted(dealt[1:], axis=1)
        return dealt
    begun = _walked(dealt[:1], may, rng)
    dealt[1:] = _walked(np.repeat(begun, number - 1, axis=0), may, rng)
    return dealt


def _walked(dealt: Deals, may: Allowed, rng: np.random.Generator) -> Deals:
    """Return where each row of `dealt`, (m, n), is after its own walk."""
    walked, rows, count = dealt.copy(), np.arange(len(dealt)), dealt.shape[1]
    for one, other in rng.integers(count, size=(SWAPS * count, 2, len(dealt))):
        first, second = walked[rows, one], walked[rows, other]
        free = may[second, one] & may[first, other]
        walked[rows[free], one[free]], walked[rows[free], other[free]] = second[free], first[free]
    return walked
