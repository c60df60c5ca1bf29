"""In what order configs are preferred: by their score, and by their gap only where scores and a bound leave the choice.

A small gap between train and validation score says little by itself: a network that learnt nothing has none. So
the mean score decides. A study that bounds the gap (`search.max_gap`) asks for more: of the configs that are
statistically tied with the best, and within the bound, the one with the smallest gap comes first. A constraint on
anything else is a condition: configs that keep to it come before all that do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpo.proof.estimates import estimate_difference
from hpo.searching.trials import Key


@dataclass(frozen=True, slots=True)
class Contender:
    """A config with its scores by run, of which those of one number share images and seed, and its mean gap.

    `excess` is by how much it breaks the worst of the constraints on anything but the gap, on average.
    """

    key: Key
    scores: Mapping[int, float]
    gap: float = math.inf
    excess: float = 0.0

    @property
    def mean(self) -> float:
        """The mean score; below every score where there is none."""
        return float(np.mean(list(self.scores.values()))) if self.scores else -math.inf


def preferred(contenders: Sequence[Contender], max_gap: float | None = None) -> list[Key]:
    """Return the keys of `contenders`, the preferred one first; earlier trials first among equals."""
    order = sorted(contenders, key=lambda each: (each.excess > 0, -each.mean, each.key))
    if max_gap is None or not order:
        return [each.key for each in order]
    best = order[0]
    peers = [each for each in order if (each.excess > 0) == (best.excess > 0)]
    within = [each for each in peers if each.gap <= max_gap and (each is best or tied(best, each))]
    within.sort(key=lambda each: each.gap)
    return [each.key for each in (*within, *(each for each in order if each not in within))]


def tied(one: Contender, other: Contender) -> bool:
    """Say whether the 90 % interval of their paired difference holds 0; a single run says nothing, and ties nobody."""
    shared = sorted(one.scores.keys() & other.scores.keys())
    difference = estimate_difference([one.scores[run] - other.scores[run] for run in shared])
    return difference.low <= 0 <= difference.high
