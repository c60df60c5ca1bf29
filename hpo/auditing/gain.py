"""What more trials in the same ranges would probably gain: what the later half gained, once luck is taken off.

The idea is that of `hpo.searching.paying`: as long as a search looks more finely at what it has seen, returns diminish,
and the next gain is taken to be a share of the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo.auditing.luck import HIGH, LOW
from hpo.auditing.process import Surfaces
from hpo.auditing.search import AuditedTrial
from hpo.searching.paying import SHRINKS

LEAST = 10
"""Each half has at least so many trials."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What `trials` more trials would probably gain, with a 90 % interval, and what as many `last` ones gained."""

    trials: int
    expected: float
    low: float
    high: float
    last: float


def gain(trials: Sequence[AuditedTrial], surfaces: Surfaces) -> Gain | None:
    """Return what as many trials again as the later half of `trials` would gain; None with too few to tell.

    `trials` are those at the places of `surfaces`. The best of all and the best of the first half are both those that
    are expected to be the best, with all the trials known: a maximum of scores would grow by luck alone.
    """
    order = sorted(range(len(trials)), key=lambda i: trials[i].number)
    first = order[: len(order) // 2]
    if len(first) < LEAST:
        return None
    expected = surfaces.means.mean(axis=0)
    before, after = first[int(expected[first].argmax())], int(expected.argmax())
    gains = np.maximum(surfaces.means[:, after] - surfaces.means[:, before], 0.0)
    low, high = (SHRINKS * float(each) for each in np.quantile(gains, [LOW, HIGH]))
    last = float(expected[after] - expected[before])
    return Gain(len(order) - len(first), SHRINKS * last, low, high, last)
