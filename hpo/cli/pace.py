"""How long a study will still take, told from how fast it went lately."""

from __future__ import annotations

from collections.abc import Sequence

Moment = tuple[float, float]
"""A time in seconds, and the work that was done until then."""

RECENT = 0.5
"""Share of the work seen so far that counts: rounds wait at their rungs, and are slower than what comes after them."""

ENOUGH = 0.02
"""Before this share of all work has been seen, nothing is said."""


def seconds_left(seen: Sequence[Moment], total: float) -> float | None:
    """Return how long the rest of `total` takes at the pace of the later part of `seen`; None where it is too early.

    `seen` begins where training does, not where workers start up, and its work never shrinks.
    """
    if not seen:
        return None
    (_, first), (now, work) = seen[0], seen[-1]
    if work - first <= ENOUGH * total:
        return None
    earlier = next(moment for moment in reversed(seen) if moment[1] <= work - RECENT * (work - first))
    return (now - earlier[0]) * (total - work) / (work - earlier[1])
