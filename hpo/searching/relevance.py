"""Does a hyperparameter matter where it was tried? A permutation test, possible because the search drew its values.

A round draws a hyperparameter independently of the others. If it has no effect, its values could as well have gone to
the configs of the round in any other order. The test deals them anew many times, and asks how often chance explains the
scores as well as the values do that were really tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.ranks import rank_shares
from hpo.searching.space import Box, Categorical, Hyperparameter, Interval, Region, SearchSpace, Value, number
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.thinning import thinned
from hpo.searching.trials import TrialResult

LEVEL = 0.05
"""For random draws, a hyperparameter without effect is called relevant in this share of searches; each for itself."""

FEWEST_TRIALS = 12
"""Where no round has so many inside its box, even the learning rate is often missed: that says nothing of an effect."""

DEALS = 499
"""How often the values are dealt anew; the smallest p is 1 / (DEALS + 1)."""

WAVES = 3
"""A rise, a hill and a bend: cosines of half, one, and one and a half periods over the values tried."""

BENDS = 2
"""The first of them are looked at where they bend what the other hyperparameters explain."""

WIDTH = 1.0
"""The kernel that explains scores by the other hyperparameters is as wide as what was tried of each.

Narrower ones follow the scores that they should explain: hyperparameters without effect were called relevant
up to 19 % of the time on the even draws of a lattice.
"""

MOST_CENTRES = 500
"""Of more trials, evenly chosen ones are the centres of the kernel, whose cost grows with their number cubed.

So wide a kernel is smooth: 2,000 trials of three hyperparameters are explained the same to within 1e-6 by 500 of them.
"""

MOST = 1000
"""Of more trials so many are looked at, evenly chosen from each round: a deal takes as long as there are trials, the
kernel their number times its centres. Which ones depends on their places alone, so the test stays what it is.
"""

ROUND_AT_LEAST = 2 * FEWEST_TRIALS
"""Of each round so many are looked at; where there are more rounds than MOST has room for, of an even choice of them.
"""

MOST_EXPLAINED = 0.98
"""A share of a round's scores above this counts as this."""

PENALTIES = 10.0 ** np.arange(-2, 2.1, 0.5)

Floats = NDArray[np.float64]
Verdict = Literal["relevant", "no effect detected", "too few trials to tell"]


@dataclass(frozen=True, slots=True)
class Relevance:
    """What the trials tell of one hyperparameter.

    "no effect detected" is an absence of evidence over `tried` in so many `trials` that were looked at. That is from
    the lowest to the highest value, or the choices, tried inside the rounds' boxes: of the few beyond nothing can be
    said. `p` is not corrected for the number of hyperparameters; nan with too few trials.
    """

    name: str
    tried: Region
    trials: int
    p: float
    verdict: Verdict


def relevance(
    space: SearchSpace, boxes: Mapping[int, Box], trials: Sequence[TrialResult], *, seed: int, metric: Metric = ACCURACY
) -> list[Relevance]:
    """Return for each hyperparameter of `space` whether the scores of the comparable `trials` depend on it.

    `boxes` are where the rounds looked, by their number. The scores enter as ranks, stopped trials with what they would
    have reached, failed ones last. What the other hyperparameters explain is taken off first (Freedman & Lane 1983, "A
    nonstochastic interpretation of reported significance levels"), and is looked at again as something that the
    hyperparameter may bend: weight decay matters where the learning rate is good. One that is conditional is looked at
    in the trials in which it was active: it was drawn independently of the others there, too.
    """
    everything = _looked_at(with_imputed_scores(trials, metric))
    columns = {
        name: _columns(each, name, everything)
        for name, each in space.hyperparameters.items()
        if len(everything) >= FEWEST_TRIALS
    }
    found = []
    for place, (name, hyperparameter) in enumerate(space.hyperparameters.items()):
        active = np.array([name in trial.config for trial in everything], dtype=bool)
        scored = [trial for trial in everything if name in trial.config]
        enough = len(scored) >= FEWEST_TRIALS
        ranks = rank_shares(np.array([trial.score for trial in scored]))
        strata = [(trial.round, trial.config in Box({name: boxes[trial.round][name]})) for trial in scored]
        values = [trial.config[name] for trial, (_, inside) in zip(scored, strata, strict=True) if inside]
        largest = max((strata.count((number, True)) for number in boxes), default=0)
        p = float("nan")
        if enough and largest >= FEWEST_TRIALS and len(set(values)) > 1 and np.ptp(ranks):
            others = [column[active] for other, column in columns.items() if other != name]
            p = _p_value(columns[name][active], strata, ranks, others, np.random.default_rng([seed, place]))
        verdict: Verdict = (
            "too few trials to tell" if np.isnan(p) else "relevant" if p <= LEVEL else "no effect detected"
        )
        found.append(Relevance(name, _tried(hyperparameter, values), len(scored), p, verdict))
    return found


def _looked_at(trials: Sequence[TrialResult]) -> Sequence[TrialResult]:
    """Return the trials that the test looks at: all, or MOST of them."""
    if len(trials) <= MOST:
        return trials
    rounds: dict[int, list[TrialResult]] = {}
    for trial in trials:
        rounds.setdefault(trial.round, []).append(trial)
    some = thinned(sorted(rounds), MOST // ROUND_AT_LEAST, best=0)
    share = MOST / sum(len(rounds[number]) for number in some)
    return [
        trial
        for number in some
        for trial in thinned(rounds[number], max(ROUND_AT_LEAST, round(share * len(rounds[number]))), best=0)
    ]


def _p_value(
    column: Floats,
    strata: Sequence[tuple[int, bool]],
    ranks: Floats,
    others: Sequence[Floats],
    rng: np.random.Generator,
) -> float:
    """Return the share of deals that explain the `ranks`, (n,), as well as `column`, (n, k), does.

    A deal stays inside its stratum, so values from a round's box never meet those from another, or from outside of it.
    The strata add up as log-likelihood ratios do, -(degrees of freedom) log(1 - R^2): sums of squares would drown a
    clear first round in later ones, whose boxes are small. (On 60 trials of a ConvNet that searched learning rates over
    three decades, p fell from .11 to .004.)
    """
    numeric = column.shape[1] == 1  # there are at least two choices
    explained = _explained(ranks, others)
    statistic = np.zeros(DEALS + 1)  # the first is the real one
    for stratum in sorted(set(strata)):
        mine = np.array([each == stratum for each in strata])
        count = int(mine.sum())
        left = _centred((ranks - explained)[mine])
        bent = left * _scaled(explained[mine])
        deals = np.tile(np.arange(count), (DEALS + 1, 1))
        deals[1:] = rng.permuted(deals[1:], axis=1)
        basis = _scaled(_waves(column[mine]) if numeric else column[mine])
        overlap = 1.0 if numeric else 1 - 1 / column.shape[1]  # of indicators; so the sum is R^2 for equal shares
        for what, waves in ((left, basis), (bent, basis[:, :BENDS] if numeric else basis)):
            explains = overlap * np.sum((what[deals] @ waves) ** 2, axis=1) / max(float(what @ what), 1e-12)
            unexplained = 1 - np.minimum(explains, MOST_EXPLAINED)
            statistic -= max(0, count - 1 - basis.shape[1]) * np.log(unexplained)
    return float(np.mean(statistic >= statistic[0] * (1 - 1e-9)))


def _explained(ranks: Floats, others: Sequence[Floats]) -> Floats:
    """Return the part of `ranks` that `others`, (n, k) each, explain: kernel ridge regression.

    Its penalty is chosen by generalized cross-validation (Golub, Heath & Wahba 1979).
    """
    centred = ranks - ranks.mean()
    if not others:
        return np.zeros_like(ranks)
    values, vectors = _spectrum(np.hstack(others), WIDTH**2 * len(others))
    spectrum = vectors.T @ centred
    beside = len(ranks) - len(values)  # directions that the kernel does not know: nothing of them is explained
    unknown = centred - vectors @ spectrum if beside else np.zeros_like(centred)
    left = PENALTIES[:, None] / (np.maximum(values, 0.0) + PENALTIES[:, None])
    scores = (np.sum((left * spectrum) ** 2, axis=1) + unknown @ unknown) / np.maximum(
        left.sum(axis=1) + beside - 1, 1e-9
    ) ** 2
    explained: Floats = centred - vectors @ (left[scores.argmin()] * spectrum) - unknown
    return explained


def _spectrum(points: Floats, width: float) -> tuple[Floats, Floats]:
    """Return the eigenvalues, (k,), and eigenvectors, (n, k), of the kernel matrix of `points`, (n, d).

    Of more than MOST_CENTRES points, of its best approximation over so many of them (Williams & Seeger 2001, "Using the
    Nystrom method to speed up kernel machines").
    """
    chosen = np.unique(np.linspace(0, len(points) - 1, MOST_CENTRES).round().astype(int))
    centres = points if len(points) <= MOST_CENTRES else points[chosen]
    within = np.exp(-0.5 * _squared_distances(centres, centres) / width)
    values, vectors = np.linalg.eigh(within)
    if len(points) <= MOST_CENTRES:
        return values, vectors
    kept = values > 1e-10 * values[-1]
    features = np.exp(-0.5 * _squared_distances(points, centres) / width) @ (vectors[:, kept] / np.sqrt(values[kept]))
    values, vectors = np.linalg.eigh(features.T @ features)
    kept = values > 1e-10 * values[-1]
    return values[kept], features @ (vectors[:, kept] / np.sqrt(values[kept]))


def _squared_distances(points: Floats, others: Floats) -> Floats:
    distances: Floats = np.sum((points[:, None] - others[None]) ** 2, axis=2)
    return distances


def _columns(hyperparameter: Hyperparameter, name: str, trials: Sequence[TrialResult]) -> Floats:
    """Return the values as columns, (n, k): positions 0..1 in what was tried on the axis, or an indicator a choice.

    What is not active in a trial is at the mean of the others, or is none of the choices.
    """
    if isinstance(hyperparameter, Categorical):
        return np.array(
            [
                [float(name in trial.config and trial.config[name] == each) for each in hyperparameter.choices]
                for trial in trials
            ]
        )
    active = [hyperparameter.to_axis(number(trial.config, name)) for trial in trials if name in trial.config]
    middle = float(np.mean(active)) if 0 < len(active) < len(trials) else 0.0
    position = np.array(
        [hyperparameter.to_axis(number(trial.config, name)) if name in trial.config else middle for trial in trials]
    )
    columns: Floats = (position[:, None] - position.min()) / (np.ptp(position) or 1.0)
    return columns


def _waves(column: Floats) -> Floats:
    """Return cosine waves of the ranks of `column`, (n, 1), as (n, waves)."""
    waves: Floats = np.cos(np.pi * np.outer(rank_shares(column[:, 0]), np.arange(1, WAVES + 1)))
    return waves


def _centred(columns: Floats) -> Floats:
    centred: Floats = columns - columns.mean(axis=0)
    return centred


def _scaled(columns: Floats) -> Floats:
    """Return `columns` centred, each of length 1; a constant one is zero."""
    centred = _centred(columns)
    length = np.sqrt(np.sum(centred**2, axis=0))
    scaled: Floats = centred / np.where(length > 1e-9, length, 1.0)
    return scaled


def _tried(hyperparameter: Hyperparameter, values: Sequence[Value]) -> Region:
    if isinstance(hyperparameter, Categorical):
        return tuple(choice for choice in hyperparameter.choices if choice in values)
    numbers = [value for value in values if value is not None and not isinstance(value, str)]
    return Interval(min(numbers, default=float("nan")), max(numbers, default=float("nan")))
