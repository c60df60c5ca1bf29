"""Which configs to run again, and how often, to know which is the best: what a race of them would have to cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo.auditing.process import Surfaces
from hpo.auditing.ties import Tied

MOST_CONFIGS = 5
RUNS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
"""How often each may be run; a plan of more is none."""
ENOUGH = 0.9
"""With this probability the one that comes out best is to be near enough to the best of them."""
ALREADY = 0.97
"""No more configs are run where the best of all is among these with this probability."""


@dataclass(frozen=True, slots=True)
class Again:
    """Run each of `configs` again `runs` times, with new seeds, and take the one with the highest mean.

    With probability `chance` it is then within `near` of the best of them. `covers` is the probability that the best
    of all that was tried is among them.
    """

    configs: tuple[Tied, ...]
    runs: int
    near: float
    chance: float
    covers: float


def again(ties: Sequence[Tied], surfaces: Surfaces, near: float, rng: np.random.Generator) -> Again:
    """Return which of `ties` to run again, and how often, to know which is the best, or within `near` of it.

    The trials themselves are left out of the mean: they were chosen for their scores. One config alone is run until its
    own mean is known to within `near`.
    """
    order = [ties[0], *sorted(ties[1:], key=lambda tied: -tied.chance)]
    chosen = order[:MOST_CONFIGS]
    for count in range(2, len(chosen)):
        if sum(tied.chance for tied in chosen[:count]) >= ALREADY:
            chosen = chosen[:count]
            break
    truths = surfaces.means[:, [tied.place for tied in chosen]]
    luck = rng.standard_normal(truths.shape)
    runs, chance = RUNS[-1], 0.0
    for runs in RUNS:
        chance = _chance(truths, surfaces.noise[:, None] / np.sqrt(runs) * luck, near)
        if chance >= ENOUGH:
            break
    return Again(tuple(chosen), runs, near, chance, min(1.0, sum(tied.chance for tied in chosen)))


def _chance(truths: np.ndarray, luck: np.ndarray, near: float) -> float:
    """Return how often the highest of noisy means, (draws, k), is of a config within `near` of the best."""
    if truths.shape[1] == 1:
        return float(np.mean(np.abs(luck) <= near))
    picked = np.take_along_axis(truths, (truths + luck).argmax(axis=1)[:, None], axis=1)[:, 0]
    return float(np.mean(picked >= truths.max(axis=1) - near))
