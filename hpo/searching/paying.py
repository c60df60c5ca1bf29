"""Whether another round would pay: by how much it can be expected to improve the best score, once luck is smoothed out.

A search whose box has settled spends its last rounds on tenths of a point. A study that says with `min_gain` how small
a gain is not worth a round is told here when to go on to its race.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo.searching.space import Box, Interval, Numeric, SearchSpace
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import TrialResult

SHRINKS = 0.5
"""What a round in a box that only narrows is expected to gain, as a share of what the round before gained."""

RESAMPLES = 100

BANDWIDTH = 0.2
"""Of the kernel that smooths scores, in widths of the box."""


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
    weights, scores = _kernel(space, box, scored), np.array([trial.score for trial in scored])
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(scored), np.full(len(scored), 1 / len(scored)), size=RESAMPLES)
    total = drawn @ weights
    smooth = np.divide(drawn * scores @ weights, total, out=np.zeros_like(total), where=total > 0)
    smooth = np.where(drawn > 0, smooth, 0.0)
    gains = smooth.max(axis=1) - smooth[:, before].max(axis=1)
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


def _kernel(space: SearchSpace, box: Box, trials: Sequence[TrialResult]) -> NDArray[np.float64]:
    """Return how much each trial says of each other, shape (n, n): Gaussian in their distance, 1 for itself."""
    squared = np.zeros((len(trials), len(trials)))
    for name, hyperparameter in space.hyperparameters.items():
        if isinstance(hyperparameter, Numeric):
            low, high = hyperparameter.axis(box.interval(name))
            axis = np.array([hyperparameter.to_axis(float(trial.config[name])) for trial in trials])
            squared += ((axis[:, None] - axis[None, :]) / (BANDWIDTH * max(high - low, 1e-12))) ** 2
        else:
            choice = np.array([str(trial.config[name]) for trial in trials])
            squared += np.where(choice[:, None] == choice[None, :], 0.0, np.inf)
    weights: NDArray[np.float64] = np.exp(-0.5 * squared)
    return weights
