"""Which configs can't be told apart from the best: those that may be as good, for all that the trials tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo.auditing.duplicates import config_key
from hpo.auditing.luck import HIGH, LOW
from hpo.auditing.process import Surfaces
from hpo.auditing.search import AuditedTrial, score_of
from hpo.searching.space import Config

LEVEL = 0.05
"""A config that is at least as good as the best with a smaller probability counts as worse."""


@dataclass(frozen=True, slots=True)
class Tied:
    """A config that may be the best: `expected` is what it would score on average, with a 90 % interval.

    `chance` is the probability that no other config that was tried is better.
    """

    number: int
    config: Config
    score: float
    expected: float
    low: float
    high: float
    chance: float
    place: int
    """Which of the surfaces' places it is."""


def ties(trials: Sequence[AuditedTrial], surfaces: Surfaces) -> tuple[Tied, ...]:
    """Return the configs that can't be told apart from the one that is expected to be the best, that one first.

    `trials` are those at the places of `surfaces`; of several trials of one config the best is named. Stopped ones are
    left out: nobody has seen what they come to.
    """
    first: dict[object, int] = {}
    for i in sorted(range(len(trials)), key=lambda i: (-score_of(trials[i]), trials[i].number)):
        if trials[i].state == "finished":
            first.setdefault(config_key(trials[i]), i)
    finished = list(first.values())
    means = surfaces.means[:, finished]
    top = int(means.mean(axis=0).argmax())
    alike = np.flatnonzero((means >= means[:, [top]]).mean(axis=0) >= LEVEL)
    wins = np.bincount(means.argmax(axis=1), minlength=means.shape[1]) / len(means)
    low, high = np.quantile(means, [LOW, HIGH], axis=0)
    order = sorted(alike.tolist(), key=lambda i: (i != top, -float(wins[i]), -float(means[:, i].mean())))
    return tuple(
        Tied(
            trials[finished[i]].number,
            trials[finished[i]].config,
            score_of(trials[finished[i]]),
            float(means[:, i].mean()),
            float(low[i]),
            float(high[i]),
            float(wins[i]),
            finished[i],
        )
        for i in order
    )
