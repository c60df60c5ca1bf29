"""Which ranges were too narrow: where scores still rise towards an end of what was searched, beyond what luck explains.

"The best trial lies at the edge" alone is no evidence: the best of a few noisy trials lies in the outer 15 % on one of
two sides in three of ten axes without any effect. So the process is asked how much higher scores are near the end than
further in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hpo.auditing.places import places
from hpo.auditing.process import Floats, Process
from hpo.auditing.search import AuditedSearch, AuditedTrial, score_of
from hpo.searching.space import Numeric, SearchSpace

OUTER, INNER = 0.15, 0.25
"""The outer share of a range, and the rest that it is compared with; between the two lies no man's land."""
MATERIAL = 0.2
"""By so many standard deviations of luck scores must be higher near the end to count."""
SURE = 0.75
"""With at least this probability. Chosen together with MATERIAL on recorded tables (fashion_mlp, mnist_mlp,
fashion_mlp_4; 96 searches of each kind): 99 % of the ends that a better value lies beyond were named, and in 2 % of the
searches an end that none does."""
SETTINGS = 24
BEND = 1.0
"""See hpo.auditing.process.Warp."""
LINES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 0.95, 1.0)
"""Where the process is asked along each axis, through the best places."""
THROUGH, MOST_LINES = 6, 60
WITNESSES = 10

Side = Literal["lower", "upper"]


@dataclass(frozen=True, slots=True)
class Edge:
    """The range of `name` ends too soon on `side`, at `end`, with probability `chance`.

    `rise` is how much higher scores are near the end than further in; `witnesses` of the best `of` trials lie in the
    outer 15 % of the range there.
    """

    name: str
    side: Side
    end: float
    chance: float
    rise: float
    witnesses: int
    of: int


def edges(
    search: AuditedSearch, trials: Sequence[AuditedTrial], expected: Floats, rng: np.random.Generator
) -> tuple[Edge, ...]:
    """Return the ends of ranges beyond which better values probably lie, the surest first.

    `trials` are those to learn from, `expected` what they are expected to score. An end that is natural is
    none: nothing lies below 0 for what was never negative, nor above 1 for what is a share (from 0 or near it to 1).
    """
    space = search.space
    asked = _asked(space, trials, expected)
    scores = np.array([score_of(trial) for trial in trials])
    process = Process(space, places(space, [trial.config for trial in trials]), scores, rng, bend=BEND)
    surfaces = process.surfaces(asked, rng, settings=SETTINGS)
    best = asked[int(surfaces.bent.mean(axis=0).argmax())]
    found = []
    for axis, (name, numeric) in enumerate(space.hyperparameters.items()):
        if not isinstance(numeric, Numeric) or np.isnan(best[axis]) or numeric.limits.low == numeric.limits.high:
            continue
        for side in sides(numeric):
            inwards = asked[:, axis] if side == "lower" else 1 - asked[:, axis]
            outer, inner = inwards <= OUTER, inwards >= INNER
            if not outer.any() or not inner.any():
                continue
            rise = surfaces.bent[:, outer].max(axis=1) - surfaces.bent[:, inner].max(axis=1)
            chance = float(np.mean(rise > MATERIAL * surfaces.bent_noise))
            if chance >= SURE:
                at_end = _witnesses(space, name, side, trials)
                rises = surfaces.means[:, outer].max(axis=1) - surfaces.means[:, inner].max(axis=1)
                end = numeric.limits.low if side == "lower" else numeric.limits.high
                found.append(Edge(name, side, end, chance, float(np.median(rises)), *at_end))
    return tuple(sorted(found, key=lambda edge: -edge.chance))


def sides(numeric: Numeric) -> list[Side]:
    """Return the ends of a range that there is something beyond."""
    low, high = numeric.limits.low, numeric.limits.high
    below: list[Side] = [] if low == 0 or (numeric.integer and low == 1) else ["lower"]
    return below if high == 1 and low >= 0 and not numeric.integer and not numeric.log else [*below, "upper"]


def _asked(space: SearchSpace, trials: Sequence[AuditedTrial], expected: Floats) -> Floats:
    """Return where the process is asked: at the trials, and along every axis through the best of them."""
    known = places(space, [trial.config for trial in trials])
    through = max(1, min(THROUGH, MOST_LINES // known.shape[1]))
    found = [known]
    for i in np.argsort(-expected, kind="stable")[:through]:
        for axis, numeric in enumerate(space.hyperparameters.values()):
            if isinstance(numeric, Numeric) and not np.isnan(known[i, axis]):
                line = np.tile(known[i], (len(LINES), 1))
                line[:, axis] = LINES
                found.append(line)
    return np.vstack(found)


def _witnesses(space: SearchSpace, name: str, side: Side, trials: Sequence[AuditedTrial]) -> tuple[int, int]:
    """Return how many of the best trials lie near the end, and how many were looked at."""
    finished = [trial for trial in trials if trial.state == "finished"]
    best = sorted(finished, key=lambda trial: -score_of(trial))[:WITNESSES]
    axis = list(space.hyperparameters).index(name)
    share = places(space, [trial.config for trial in best])[:, axis]
    return int(np.sum((share if side == "lower" else 1 - share) <= OUTER)), len(best)
