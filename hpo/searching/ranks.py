"""Scores as ranks: what is as far apart as chance would have it, however scores are spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rank_shares(values: Floats) -> Floats:
    """Return the ranks of `values`, (n,), as shares 0..1; equals share the middle of theirs."""
    ordered = np.sort(values)
    both = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return both / (2.0 * max(len(values), 1))


def normal_scores(values: Floats) -> Floats:
    """Return what normal draws of the same ranks as `values`, (n,), would be on average, nearly (van der Waerden)."""
    from scipy.special import ndtri  # noqa: PLC0415 - .2 s to load, which workers need not wait for

    scores: Floats = ndtri(rank_shares(values))
    return scores
