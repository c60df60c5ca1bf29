"""Which training images each run of a certificate takes: none that a run of another size takes, while there are enough.

Images that two sizes share would carry their luck from one to the other: what a few images happen to favour would look
like agreement, and tau would come out too high.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Range = tuple[int, int]
"""A run takes its images from the pool's order, from the first number on and before the second."""


def image_ranges(samples: Sequence[int], runs: int, pool: int) -> tuple[tuple[Range, ...], ...]:
    """Return for each size, the smallest first, where in a pool of `pool` images each of its `runs` takes its own.

    A range as long as the size is taken whole; from a longer one the run draws. While the pool lasts, runs share
    nothing. Where a size's own runs do not fit beside each other any more, the last of them draw from what the smaller
    sizes have left; where not even one run fits, all of them draw from all of the pool.
    """
    ranges, start = [], 0
    for size in samples:
        beside = min(runs, (pool - start) // size)
        if not beside:
            ranges.append(((0, pool),) * runs)
            continue
        whole = [(start + run * size, start + (run + 1) * size) for run in range(beside)]
        ranges.append((*whole, *[(start, pool)] * (runs - beside)))
        start = pool if beside < runs else start + runs * size
    return tuple(ranges)


def disjoint(ranges: Sequence[Sequence[Range]]) -> bool:
    """Whether no two sizes can share an image; False where nothing is known of their `ranges`."""
    spans = [(min(first for first, _ in each), max(last for _, last in each)) for each in ranges]
    return bool(spans) and all(last <= first for (_, last), (first, _) in pairwise(spans))
