"""Several repetitions as one number, with how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median of `values`, the least and the greatest, and how many there are."""
    return {"median": median(values), "low": min(values), "high": max(values), "count": len(values)}
