"""What the trials' scores are without their luck: a Gaussian process through all of them, failures included."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo.searching.ranks import normal_scores
from hpo.searching.space import Box, Numeric, SearchSpace, number
from hpo.searching.thinning import thinned
from hpo.searching.trials import TrialResult

LENGTH, LENGTH_SPREAD = 0.5, 1.0
"""The length over which scores change, in widths of the box: the median of its log-normal prior, the sd of its log."""
NOISE, NOISE_SPREAD = 0.1, 1.5
"""The same for the variance of luck, in variances of what is not luck."""
MOST = 300
"""Of more trials so many are looked at (see thinning): it takes n cubed."""
AT_ONCE = 1000
"""The distances of so many trials from those that are looked at are in memory at once."""

Floats = NDArray[np.float64]


def smoothed_scores(space: SearchSpace, box: Box, trials: Sequence[TrialResult]) -> Floats:
    """Return what every trial's score is worth, (n,): the posterior mean there, as a normal score of its rank.

    A Gaussian process with a Matern 5/2 kernel (Rasmussen & Williams 2006, eq. 2.25 and 4.17) and a length for each
    numeric hyperparameter; different choices share nothing. Lengths and noise are the most probable ones: the marginal
    likelihood (eq. 5.8) under wide priors, the variance at its best. It sees the scores' ranks, so a cliff of
    divergence, where accuracies fall by half, does not set the scale.

    On the recorded tables that rules are chosen on, what a replayed search picks loses .48, .18 and .76 points of test
    accuracy on all of the data, where it lost .58, .32 and .80 by the kernel mean with a bandwidth of .2 of the box
    that was here before (fashion_mlp and mnist_mlp with 60 trainings, 80 searches; fashion_mlp_4 with 100, 100).
    """
    scores = np.array([trial.score for trial in trials], dtype=np.float64)
    if len(trials) < 3 or not np.ptp(scores):
        return normal_scores(scores)
    seen = _seen(trials)
    ranks = normal_scores(scores[seen])
    points, alike = _points(space, box, trials), _choices(space, trials)
    middle = ranks.mean()
    lengths, noise = _most_probable(points[seen].tobytes(), alike[seen].tobytes(), (ranks - middle).tobytes())
    within = matern(points[seen], points[seen], lengths) * (alike[seen][:, None] == alike[seen][None])
    weights = np.linalg.solve(within + noise * np.eye(len(seen)), ranks - middle)
    across = np.empty((len(points), len(seen)))
    for start in range(0, len(points), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        across[part] = matern(points[part], points[seen], lengths) * (alike[part, None] == alike[seen][None])
    smooth: Floats = middle + across @ weights
    return smooth


def _seen(trials: Sequence[TrialResult]) -> NDArray[np.int64]:
    """Return the places of the trials that the process is told of."""
    if len(trials) <= MOST:
        return np.arange(len(trials))
    return np.array(thinned(sorted(range(len(trials)), key=lambda i: (-trials[i].score, trials[i].key)), MOST))


def _points(space: SearchSpace, box: Box, trials: Sequence[TrialResult]) -> Floats:
    """Return where the trials lie, in widths of the box, (n, number of numeric hyperparameters).

    What is not active in a trial is in the middle of the box.
    """
    columns = []
    for name, numeric in space.hyperparameters.items():
        if isinstance(numeric, Numeric):
            low, high = numeric.axis(box.interval(name))
            axis = np.array(
                [
                    numeric.to_axis(number(trial.config, name)) if name in trial.config else (low + high) / 2
                    for trial in trials
                ]
            )
            columns.append((axis - low) / max(high - low, 1e-12))
    return np.array(columns).reshape(len(columns), len(trials)).T


def _choices(space: SearchSpace, trials: Sequence[TrialResult]) -> NDArray[np.int64]:
    """Return a number for each trial, (n,), the same for those with the same choices active."""
    names = [name for name, each in space.hyperparameters.items() if not isinstance(each, Numeric)]
    chosen = [tuple(str(trial.config[name]) if name in trial.config else None for name in names) for trial in trials]
    numbers = {choices: number for number, choices in enumerate(dict.fromkeys(chosen))}
    return np.array([numbers[choices] for choices in chosen], dtype=np.int64)


@functools.lru_cache(maxsize=16)
def _most_probable(points: bytes, alike: bytes, values: bytes) -> tuple[Floats, float]:
    """Return the most probable lengths, one an axis, and noise; to two digits, so that a BLAS's last bits are lost.

    The arguments are arrays as bytes: a search asks again and again what the same trials are worth while it races.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to load, and workers need not wait for it

    heights, choices = np.frombuffer(values), np.frombuffer(alike, dtype=np.int64)
    places = np.frombuffer(points).reshape(len(heights), -1)
    sharing = choices[:, None] == choices[None]
    middle = np.log([*[LENGTH] * places.shape[1], NOISE])
    spread = np.array([*[LENGTH_SPREAD] * places.shape[1], NOISE_SPREAD])

    def improbability(logs: Floats) -> float:
        *lengths, noise = np.exp(logs)
        covariance = matern(places, places, np.array(lengths)) * sharing + (noise + 1e-6) * np.eye(len(heights))
        lower = np.linalg.cholesky(covariance)
        white = np.linalg.solve(lower, heights)
        fit = len(heights) / 2 * np.log(white @ white / len(heights)) + np.log(np.diag(lower)).sum()
        return float(fit + 0.5 * (((logs - middle) / spread) ** 2).sum())

    bounds = [(low, high) for low, high in zip(middle - 4 * spread, middle + 4 * spread, strict=True)]
    found = minimize(improbability, middle, method="L-BFGS-B", bounds=bounds)
    *lengths, noise = (float(f"{np.exp(each):.2g}") for each in found.x)
    return np.array(lengths), noise


def matern(points: Floats, others: Floats, lengths: Floats) -> Floats:
    """Return the Matern 5/2 kernel between `points`, (m, d), and `others`, (n, d): (m, n)."""
    squared = (((points[:, None] - others[None]) / lengths) ** 2).sum(axis=2)
    scaled = np.sqrt(5 * squared)
    found: Floats = (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
    return found
