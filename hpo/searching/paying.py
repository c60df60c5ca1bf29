"""Whether another round would pay: by how much it can be expected to improve the best score, once luck is smoothed out.

A search whose box has settled spends its last rounds on tenths of a point. A study that says with `min_gain` how small
a gain is not worth a round is told here when to go on to its race.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.searching.space import Box, Interval, Numeric, SearchSpace
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.thinning import thinned
from hpo.searching.trials import TrialResult

Floats = NDArray[np.float64]

SHRINKS = 0.5
"""What a round in a box that only narrows is expected to gain, as a share of what the round before gained."""

RESAMPLES = 100

BANDWIDTH = 0.2
"""Of the kernel that smooths scores, in widths of the box."""

MOST, CENTRES = 1000, 300
"""With more trials than MOST the highest smoothed scores are looked for at CENTRES of them (see thinning).

At each of them all trials are smoothed over, or the choice would bend the means: that is n times CENTRES, not n times n.
"""

AT_ONCE = 5000
"""So many trials' weights are in memory at once."""


def expected_gain(space: SearchSpace, box: Box, following: Box, trials: Sequence[TrialResult], seed: int) -> float:
    """Return by how much (a share of accuracy) a round in the box `following` is expected to improve the best score.

    `trials` are the finished and stopped trials scored alike (same samples and epochs), `box` is where the last round
    looked and `following` where narrowing would look next.

    1. What the last round gained is the highest smoothed score of all trials less the highest among those of the rounds
       before, both from one smoother over all of them, in `box`: the maximum of raw scores would grow by luck alone.
    2. Which trials there are is luck, too, so the gain is its mean over RESAMPLES bootstrap samples of the trials,
       drawn from `seed`. It is never negative, so noise makes it larger: a doubt opens the round.
    3. As long as boxes narrow, a round looks more finely at a part of what was seen, and returns diminish: the next
       gain is taken to be half of the last one.
    4. A box that reaches outward promises ground that nobody has looked at, and what it holds cannot be told from here:
       the gain is infinite. So it is where only one round can be compared.

    Replayed on recorded tables of a network on 400 images, five rounds of 20, a gain of .002 asked for, 150 searches a
    table: where the start holds the optimum, 25 to 59 % of the searches ended early, most after round 3 or 4; where it
    does not, 15 to 32 %, none after round 2. All five rounds would have made the choice of those that ended -.6 to +.5
    points better on average, half of the time by less than .1.
    """
    last = max((trial.round for trial in trials), default=0)
    before = np.array([trial.round < last for trial in trials], dtype=bool)
    if not before.any() or reaches_outward(box, following):
        return math.inf
    scored = with_imputed_scores(trials)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(scored), np.full(len(scored), 1 / len(scored)), size=RESAMPLES)
    centres = _centres(scored, before)
    smooth = _smoothed(space, box, scored, drawn, centres)
    gains = smooth.max(axis=1) - smooth[:, before[centres]].max(axis=1)
    return SHRINKS * float(gains.mean())


def reaches_outward(old: Box, new: Box) -> bool:
    """Say whether `new` holds anything that `old` does not."""
    for name, region in new.regions.items():
        if isinstance(region, Interval):
            was = old.interval(name)
            if region.low < was.low or region.high > was.high:
                return True
        elif not set(region) <= set(old.choices(name)):
            return True
    return False


def _centres(trials: Sequence[TrialResult], before: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the places of the trials where a highest score is looked for: as many of the last round as of `before`."""
    if len(trials) <= MOST:
        return np.arange(len(trials))
    order = sorted(range(len(trials)), key=lambda i: (-trials[i].score, trials[i].key))
    halves = [thinned([i for i in order if before[i] == earlier], CENTRES // 2) for earlier in (True, False)]
    return np.sort(np.array(halves[0] + halves[1]))


def _smoothed(
    space: SearchSpace,
    box: Box,
    trials: Sequence[TrialResult],
    drawn: NDArray[np.int64],
    centres: NDArray[np.int64],
) -> Floats:
    """Return the smoothed score at each of the `centres` in each sample, (RESAMPLES, k); 0 where it was not drawn."""
    scores = np.array([trial.score for trial in trials])
    axes = [_axis(space, box, name, trials) for name in space.hyperparameters]
    step = len(trials) if len(trials) <= MOST else AT_ONCE
    sums, total = np.zeros((2, len(drawn), len(centres)))
    for start in range(0, len(trials), step):
        part = slice(start, start + step)
        weights = _kernel([(values[part], values[centres], bandwidth) for values, bandwidth in axes])
        sums += drawn[:, part] * scores[part] @ weights
        total += drawn[:, part] @ weights
    smooth = np.divide(sums, total, out=np.zeros_like(total), where=total > 0)
    return np.where(drawn[:, centres] > 0, smooth, 0.0)


def _axis(space: SearchSpace, box: Box, name: str, trials: Sequence[TrialResult]) -> tuple[NDArray[Any], float | None]:
    """Return the values of `name`, (n,), and the bandwidth on its axis; None of one whose choices share nothing."""
    hyperparameter = space.hyperparameters[name]
    if not isinstance(hyperparameter, Numeric):
        return np.array([str(trial.config[name]) for trial in trials]), None
    low, high = hyperparameter.axis(box.interval(name))
    values = np.array([hyperparameter.to_axis(float(trial.config[name])) for trial in trials])
    return values, BANDWIDTH * max(high - low, 1e-12)


def _kernel(axes: Sequence[tuple[NDArray[Any], NDArray[Any], float | None]]) -> Floats:
    """Return how much m trials say of k others, (m, k): Gaussian in their distance, 1 for itself.

    `axes` are the values of each hyperparameter, (m,) and (k,), with its bandwidth.
    """
    squared = np.zeros((len(axes[0][0]), len(axes[0][1])))
    for values, others, bandwidth in axes:
        if bandwidth is None:
            squared += np.where(values[:, None] == others[None, :], 0.0, np.inf)
        else:
            squared += ((values[:, None] - others[None, :]) / bandwidth) ** 2
    weights: Floats = np.exp(-0.5 * squared)
    return weights
