"""Which trials a decision looks at where there are more than its method can bear: the best, and an even choice of the
others, so that both the summit and the ground around it stay in sight.

Several of our methods take time with the square or the cube of the number of trials. They look at all of them up to a
bound of their own, which searches of some hundred trials do not reach, and beyond it at so many: then a decision costs
what it costs at the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def thinned(ordered: Sequence[T], most: int, *, best: int | None = None) -> list[T]:
    """Return at most `most` of `ordered`, in their order: the first `best`, and an even choice of the others.

    What is ordered by score, best first, so keeps its best; one half of `most` unless `best` says how many. With 0 of
    them the choice is even throughout, so that every share of the best stays that share.
    """
    if len(ordered) <= most:
        return list(ordered)
    first = most // 2 if best is None else best
    rest = ordered[first:]
    return [*ordered[:first], *(rest[i] for i in np.linspace(0, len(rest) - 1, most - first).round().astype(int))]
