"""What the configs of a search are worth without their luck: a Gaussian process that also knows how unsure it is.

It is the process of `hpo.searching.smoothing`, the same kernel and the same priors, with two additions that an audit
needs. It looks at scores and not at ranks, so that luck comes out in the metric's own units. And it does not settle for
the most probable lengths and noise: few trials leave open whether a score is luck or a narrow peak, so all that the
trials allow are weighed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

from hpo.auditing.places import apart
from hpo.searching.smoothing import LENGTH, LENGTH_SPREAD, NOISE, NOISE_SPREAD
from hpo.searching.space import SearchSpace

Floats = NDArray[np.float64]

PROPOSALS = 96
"""So many lengths and noises are weighed (importance sampling around the most probable ones, with heavy tails)."""
KEPT = 48
"""So many of them are drawn by their weights, with DRAWS_EACH surfaces each."""
DRAWS_EACH = 12
TAIL = 5.0
"""The degrees of freedom of the proposals."""
STEP = 0.1
"""How far apart, in logs, the gradients are taken whose differences say how wide the proposals are."""
JITTER = 1e-6
BEND = 2.0
NODES, WEIGHTS = hermegauss(9)
"""Gauss-Hermite quadrature: the mean of a score over its luck."""


@dataclass(frozen=True, slots=True)
class Warp:
    """Scores on the scale on which luck is about the same for all: straight at the best, a logarithm far below it.

    A cliff of divergence, where accuracies fall by half, would set the scale of everything otherwise. `bend` is how far
    below `best` the scale bends, in medians of the distances. Intervals of 90 % held the luck in 87 % of searches of
    the three recorded tables that rules are chosen on with a bend of 1, in 90 % with 2; with a straight scale they are
    wide for nothing. Where scores still rise is seen better with 1.
    """

    best: float
    bend: float

    @classmethod
    def of(cls, scores: Floats, bend: float) -> Warp:
        """Return the scale for `scores`, (n,), that are not all equal."""
        below = scores.max() - scores
        return cls(float(scores.max()), bend * (float(np.median(below)) or float(below.mean())))

    def bent(self, scores: Floats) -> Floats:
        """Return `scores` on the scale, in units of `bend`, 0 for the best."""
        found: Floats = -np.arcsinh((self.best - scores) / self.bend)
        return found

    def straight(self, bent: Floats) -> Floats:
        """Return the scores of places on the scale: what `bent` undoes."""
        found: Floats = self.best + self.bend * np.sinh(np.clip(bent, -30.0, 30.0))
        return found


@dataclass(frozen=True, slots=True)
class Surfaces:
    """Draws of what scores could be on average, given the trials.

    `means`, (draws, n): the expected score of each of n places, in the scores' own units; `bent` the same on the
    process's scale. `noise`, (draws,): the standard deviation of luck for a score as high as the best; `bent_noise` the
    same on the scale.
    """

    means: Floats
    bent: Floats
    noise: Floats
    bent_noise: Floats


class Process:
    """The Gaussian process of `scores`, (n,), at `places`, (n, d), of a space; see `hpo.auditing.places`."""

    def __init__(
        self, space: SearchSpace, places: Floats, scores: Floats, rng: np.random.Generator, *, bend: float = BEND
    ) -> None:
        self._space, self._places = space, places
        self.warp = Warp.of(scores, bend)
        self._heights = self.warp.bent(scores)
        self._squares = apart(space, places, places)
        self._kept = self._probable(rng)

    def surfaces(self, places: Floats, rng: np.random.Generator, *, settings: int = KEPT) -> Surfaces:
        """Return draws of the process at `places`, (m, d), DRAWS_EACH for each of `settings` lengths and noises."""
        across, within = apart(self._space, places, self._places), apart(self._space, places, places)
        chosen = self._kept[np.linspace(0, len(self._kept) - 1, settings).round().astype(int)]
        bent, noise = [], []
        for logs, times in zip(*np.unique(chosen, axis=0, return_counts=True), strict=True):
            fit = self._fit(logs)
            kernel = matern(across, np.exp(logs[:-1]))
            mean = fit.middle + kernel @ fit.weights
            white = np.linalg.solve(fit.lower, kernel.T)
            unsure = 1 - white.T @ fit.ones  # of the middle
            covariance = matern(within, np.exp(logs[:-1])) - white.T @ white
            covariance += np.outer(unsure, unsure) / (fit.ones @ fit.ones)
            root = np.linalg.cholesky(covariance + JITTER * np.eye(len(places)))
            drawn = rng.standard_normal((len(places), times * DRAWS_EACH))
            bent.append((mean[:, None] + np.sqrt(fit.variance) * root @ drawn).T)
            noise.append(np.full(times * DRAWS_EACH, np.sqrt(fit.variance * np.exp(logs[-1]))))
        surfaces, luck = np.vstack(bent), np.concatenate(noise)
        return Surfaces(self._expected(surfaces, luck), surfaces, luck * self.warp.bend, luck)

    def _expected(self, bent: Floats, noise: Floats) -> Floats:
        """Return the mean score over luck of `bent`, (draws, m): luck bends with the scale."""
        means = np.zeros_like(bent)
        for node, weight in zip(NODES, WEIGHTS / WEIGHTS.sum(), strict=True):
            means += weight * self.warp.straight(bent + noise[:, None] * node)
        return means

    def _probable(self, rng: np.random.Generator) -> Floats:
        """Return KEPT logarithms of lengths and noise, (KEPT, d + 1), drawn by how probable they are."""
        from scipy.optimize import minimize  # noqa: PLC0415 - slow to load

        middle, spread = self._prior()
        bounds = list(zip(middle - 5 * spread, middle + 5 * spread, strict=True))
        less_noise = middle - np.append(np.zeros(len(middle) - 1), 2.5)  # a narrow peak may explain what luck does
        found = [
            minimize(self._improbable, each, jac=True, method="L-BFGS-B", bounds=bounds)
            for each in (middle, less_noise)
        ]
        best = min(found, key=lambda each: float(each.fun)).x
        spreads = self._spreads(best, spread)
        drawn = rng.standard_normal((PROPOSALS, len(best)))
        drawn /= np.sqrt(rng.chisquare(TAIL, PROPOSALS) / TAIL)[:, None]
        drawn[0] = 0.0
        logs = np.clip(best + drawn @ spreads.T, *np.array(bounds).T)
        proposed = -(TAIL + len(best)) / 2 * np.log1p((drawn**2).sum(axis=1) / TAIL)
        weights = np.array([-self._improbable(each)[0] for each in logs]) - proposed
        weights = np.exp(weights - weights.max())
        places = (np.arange(KEPT) + rng.random()) / KEPT  # systematic resampling
        kept: Floats = logs[np.searchsorted(np.cumsum(weights / weights.sum()), places).clip(0, PROPOSALS - 1)]
        return kept

    def _prior(self) -> tuple[Floats, Floats]:
        count = self._places.shape[1]
        return (
            np.log([*[LENGTH] * count, NOISE]),
            np.array([*[LENGTH_SPREAD] * count, NOISE_SPREAD]),
        )

    def _spreads(self, best: Floats, prior: Floats) -> Floats:
        """Return a square root of the covariance around the most probable logarithms (Laplace's approximation)."""
        size = len(best)
        slopes = np.empty((size, size))
        for i, step in enumerate(STEP * np.eye(size)):
            slopes[i] = (self._improbable(best + step)[1] - self._improbable(best - step)[1]) / (2 * STEP)
        values, vectors = np.linalg.eigh((slopes + slopes.T) / 2)
        found: Floats = vectors / np.sqrt(np.maximum(values, 0.25 / prior.max() ** 2))
        return found

    def _improbable(self, logs: Floats) -> tuple[float, Floats]:
        """Return the negative log of how probable lengths and noise are, up to a constant, and its gradient.

        The marginal likelihood (Rasmussen & Williams 2006, eq. 5.8 and 5.9), the middle integrated out (eq. 2.45) and
        the variance at its best, under the priors.
        """
        middle, spread = self._prior()
        fit = self._fit(logs)
        n = len(self._heights)
        whole = fit.ones @ fit.ones
        value = (n - 1) / 2 * np.log(fit.variance) + np.log(np.diag(fit.lower)).sum() + 0.5 * np.log(whole)
        value += 0.5 * (((logs - middle) / spread) ** 2).sum()
        inverse = np.linalg.inv(fit.lower)
        inverse = inverse.T @ inverse
        sums = inverse.sum(axis=1)
        slope = 0.5 * (inverse - np.outer(fit.weights, fit.weights) / fit.variance - np.outer(sums, sums) / whole)
        squares = self._squares / np.exp(2 * logs[:-1])[:, None, None]
        scaled = np.sqrt(5 * squares.sum(axis=0))
        falls = 5 / 3 * (1 + scaled) * np.exp(-scaled)
        gradient = np.append(np.einsum("dij,ij->d", squares, slope * falls), np.exp(logs[-1]) * np.trace(slope))
        return float(value), gradient + (logs - middle) / spread**2

    def _fit(self, logs: Floats) -> _Fit:
        n = len(self._heights)
        covariance = matern(self._squares, np.exp(logs[:-1])) + (np.exp(logs[-1]) + JITTER) * np.eye(n)
        lower = np.linalg.cholesky(covariance)
        ones, heights = np.linalg.solve(lower, np.array([np.ones(n), self._heights]).T).T
        middle = float(ones @ heights / (ones @ ones))
        white = heights - middle * ones
        weights = np.linalg.solve(lower.T, white)
        return _Fit(lower, ones, middle, weights, max(float(white @ white) / max(n - 1, 1), 1e-300))


@dataclass(frozen=True, slots=True)
class _Fit:
    """The process for given lengths and noise; `lower` is the Cholesky factor of the covariance in variances."""

    lower: Floats
    ones: Floats
    middle: float
    weights: Floats
    variance: float


def matern(squares: Floats, lengths: Floats) -> Floats:
    """Return the Matern 5/2 kernel (eq. 4.17) of squared distances on each axis, (d, n, m): (n, m)."""
    scaled = np.sqrt(5 * np.einsum("dij,d->ij", squares, 1 / lengths**2))
    found: Floats = (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
    return found
