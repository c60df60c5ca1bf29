"""The race: fresh runs of the most promising configs, and which of them cannot be told from the best.

Hsu's multiple comparisons with the best (Hsu 1981, Annals of Statistics 9; constrained intervals: Hsu 1984, ibid. 12).
All configs share the images and the seed of a run, so with score = config + run + noise what is hard about a run
cancels. For k configs over r runs, their means m_i, and s^2 the mean square of what config and run do not explain, with
(k - 1)(r - 1) degrees of freedom, the intervals

    -[m_i - max of the other m - w]^-  <=  mu_i - max of the other mu  <=  [m_i - max of the other m + w]^+
    w = d s sqrt(2 / r),    d: Dunnett's one-sided critical value for k - 1 rivals (see dunnett)

hold together with 90 % probability. Where the upper end is 0, the config is worse than the best; the others cannot be
told from it. So the list is one statement: with 90 % probability the truly best config is on it.

A config that is clearly worse leaves the race early, as in F-Race (Birattari et al. 2002). Every run but the first ends
in such a look, each with an error of its own, and their sum is 10 %: 2 % for all early looks, the rest for the last. d
stays the one for all that started, because those that are left were selected by their scores. Where more are left after
the second run than there are places, the best of them go on; the others are crowded out, not worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpo.proof.dunnett import critical_value
from hpo.proof.estimates import CONFIDENCE
from hpo.searching.extremes import clipped
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.trials import Key

EARLY = 0.02
"""The probability that the truly best config leaves the race before its last run."""


@dataclass(frozen=True, slots=True)
class Race:
    """How a race stands: who takes part in each run so far, and whom it cannot tell from its best, best mean first.

    `left` is empty as long as a run is missing. Whom it cannot tell from its best either, but had no place for, is
    `crowded_out`.
    """

    heats: tuple[tuple[Key, ...], ...]
    left: tuple[Key, ...]
    crowded_out: tuple[Key, ...] = ()


def race(
    configs: Sequence[Key],
    scores: Mapping[Key, Mapping[int, float]],
    runs: int,
    places: int,
    metric: Metric = ACCURACY,
) -> Race:
    """Return how a race of `configs` over at most `runs` runs (2 or more), with `places` after the second, stands.

    `scores[key][j]` is the score of the config in run j, where that is over. A run is judged when it and all before it
    are complete, so the verdict does not depend on the order in which they end; a race with one config left is over.
    A run that failed in a `metric` without a worst score is -inf; what each look makes of it, see `_bounded`.
    """
    left = tuple(configs)
    crowded_out: tuple[Key, ...] = ()
    heats: list[tuple[Key, ...]] = []
    for run in range(runs if configs else 0):
        heats.append(left)
        if run == 0 and runs > 1:
            continue
        table = {key: [scores.get(key, {}).get(j, math.nan) for j in range(run + 1)] for key in left}
        if any(math.isnan(score) for row in table.values() for score in row):
            return Race(tuple(heats), ())
        good = not_told_apart(_bounded(table, metric), error=_error(run + 1, runs), started=len(configs))
        left, crowded_out = tuple(good[:places]), (*crowded_out, *good[places:])
        if len(left) == 1:
            break
        if run + 1 < runs:
            left = tuple(key for key in configs if key in left)
    return Race(tuple(heats), left, crowded_out)


def not_told_apart(
    runs: Mapping[Key, Sequence[float]], *, error: float = 1 - CONFIDENCE, started: int = 0
) -> list[Key]:
    """Return the configs that the race cannot tell from its best, best mean first, earlier among equals.

    `runs[key][j]` is the score of the config in run j; `error` is the probability that the best is left out, `started`
    how many the race started with, if that was more. Each of k equal configs stays in 90 % of races; that all of them
    stay is another statement, about all pairs, and holds in 68 % for five.
    """
    order = sorted(runs, key=lambda key: (-float(np.mean(runs[key])), key))
    table = np.array([runs[key] for key in order])
    k, r = table.shape
    if k == 1 or r == 1:
        return order
    noise = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    freedom = (k - 1) * (r - 1)
    s = math.sqrt(float((noise**2).sum()) / freedom)
    margin = critical_value(max(k, started) - 1, freedom, 1 - error) * s * math.sqrt(2 / r)
    means = table.mean(axis=1)
    return [key for key, mean in zip(order, means, strict=True) if means[0] - mean <= margin]


def _bounded(table: Mapping[Key, Sequence[float]], metric: Metric) -> Mapping[Key, Sequence[float]]:
    """Return the scores of a look as they are compared: those without a bound clipped (see hpo.searching.extremes).

    One absurd score would make the noise so large that nobody could be told from anybody. A failure lies as far below
    the worst score as that lies below the best: a config that fails again and again must not pass for the worst of
    those that do not.
    """
    scores = np.array(list(table.values()), dtype=np.float64)
    ended = np.isfinite(scores)
    if metric.worst is not None or not ended.any():
        return table if ended.all() else {key: [0.0] * len(row) for key, row in table.items()}
    kept = clipped(metric, scores)
    low, high = float(kept[ended].min()), float(kept[ended].max())
    kept = np.where(ended, kept, min(low - (high - low), math.nextafter(low, -math.inf)))
    return {key: row.tolist() for key, row in zip(table, kept, strict=True)}


def _error(run: int, runs: int) -> float:
    """Return what the look after `run` of `runs` runs may err by."""
    early = runs - 2
    if run < runs:
        return EARLY / early
    return 1 - CONFIDENCE - (EARLY if early else 0.0)
