"""Which configs to believe in: smoothing picks candidates, a race compares them (racing), fresh runs score them.

The maximum of many noisy scores is mostly luck, and beside a cliff of divergence it picks lucky runs on the cliff. So
no number that chose a config is ever shown as that config's score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo.smoothing import smoothed_scores
from hpo.space import Box, Config, Numeric, SearchSpace
from hpo.stopping import with_imputed_scores
from hpo.trials import TrialResult

CONFIDENCE = 0.90
TAIL_OF_BAD_LUCK = 0.02
"""The share of the 10 % by which an interval of accuracies may miss that lies below it; the rest lies above."""
CANDIDATE_SHARE = 1 / 3
LEARNT_SHARE = 0.5
"""The share of the best score under which a trial has learnt too little for its small gap to say anything."""

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of fresh runs, with the ends of its t interval; all are accuracies (0..1)."""

    mean: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True, slots=True)
class GoodValue:
    """A config that cannot be told from the best: its place in the race, and its score from confirmation runs alone."""

    rank: int
    trial: int
    key: Key
    config: Config
    race: float
    confirmed: Estimate
    search_score: float
    at_boundary: tuple[str, ...]
    trained: int = 100
    """How far the search trained it, in percent: a stopped trial may be promising because its neighbours are."""
    gap: float = math.nan
    """Train minus validation accuracy, mean over its runs in the race; good values are in the order of it."""


def candidates(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], count: int, max_gap: float | None = None
) -> list[TrialResult]:
    """Return the `count` most promising of `trials`, best first: highest smoothed score among the top third by score.

    Scores are smoothed over all trials, failures included (see `smoothing`): a lucky run among failures is not
    promising, a plateau is. A config that was drawn twice, as happens with few choices, is one candidate. With
    `max_gap`, a bound on the train-validation gap, only those `within_bound` are considered, unless none is.
    """
    scored = with_imputed_scores(trials)
    smooth = smoothed_scores(space, box, scored)
    by_score = sorted(_considered(scored, max_gap), key=lambda i: (-scored[i].score, scored[i].key))
    promising = by_score[: max(count, math.ceil(CANDIDATE_SHARE * len(by_score)))]
    promising.sort(key=lambda i: (-smooth[i], scored[i].key))
    different = {tuple(sorted(trials[i].config.items())): trials[i] for i in reversed(promising)}
    chosen = [trials[i] for i in promising if different[tuple(sorted(trials[i].config.items()))] is trials[i]]
    return chosen[:count]


def within_bound(trials: Sequence[TrialResult], max_gap: float) -> list[int]:
    """Return the places of the `trials` (imputed scores where stopped) that keep to a bound on the gap.

    What was stopped had no time to overfit, and what learnt nothing has no gap: alone, a bound would favour both. So a
    trial must reach half of the best score, and stopped ones count only where no trial trained to its end keeps to it.
    """
    enough = LEARNT_SHARE * max((trial.score for trial in trials), default=0.0)
    kept = [
        i for i, trial in enumerate(trials) if trial.gap is not None and trial.gap <= max_gap and trial.score >= enough
    ]
    return [i for i in kept if not trials[i].stopped] or kept


def _considered(trials: Sequence[TrialResult], max_gap: float | None) -> Sequence[int]:
    """Return the places of those `within_bound`; all of them without a bound, or if none is."""
    everybody = range(len(trials))
    return everybody if max_gap is None else within_bound(trials, max_gap) or everybody


def estimate(scores: Sequence[float]) -> Estimate:
    """Return the mean of independent fresh runs with its 90 % t interval, which reaches further down than up.

    mean - t(n - 1, .98) sd / sqrt(n) .. mean + t(n - 1, .92) sd / sqrt(n), cut at 0 and 1; what too few runs cannot
    tell is nan. Accuracies have a long tail of bad luck, and few runs without a bad one flatter. For normal runs any
    two tails that sum to 10 % hold 90 %. Measured with the pooled residuals of the best tenth of 96 configs on 400
    images, five to ten runs: MNIST 90-91 %, Fashion-MNIST 87-93 %; equal tails hold 87-88 % and 83-89 %, at nine tenths
    of the width. Johnson's (1978) modified t and the logit scale add less than a point to equal tails; Hall's (1992)
    cubic adds three but is half as wide again, and loses up to ten where the tail is heavier.
    """
    if not scores:
        return Estimate(math.nan, math.nan, math.nan, 0)
    mean = float(np.mean(scores))
    if len(scores) == 1:
        return Estimate(mean, math.nan, math.nan, 1)
    low = mean - _half_width(scores, TAIL_OF_BAD_LUCK)
    high = mean + _half_width(scores, 1 - CONFIDENCE - TAIL_OF_BAD_LUCK)
    return Estimate(mean, max(0.0, low), min(1.0, high), len(scores))


def estimate_difference(differences: Sequence[float]) -> Estimate:
    """Return the mean of paired differences with its 90 % t interval, which nothing cuts: a difference has any sign."""
    mean = float(np.mean(differences)) if differences else math.nan
    half = _half_width(differences, (1 - CONFIDENCE) / 2)
    return Estimate(mean, mean - half, mean + half, len(differences))


def boundaries(space: SearchSpace, config: Config) -> tuple[str, ...]:
    """Return the numeric hyperparameters whose value lies within 2 % of an end of its limits."""
    found = []
    for name, hyperparameter in space.hyperparameters.items():
        if isinstance(hyperparameter, Numeric):
            low, high = hyperparameter.axis(hyperparameter.limits)
            share = (hyperparameter.to_axis(float(config[name])) - low) / (high - low)
            if not 0.02 <= share <= 0.98:
                found.append(name)
    return tuple(found)


def _half_width(values: Sequence[float], tail: float) -> float:
    """Return t(n - 1, 1 - tail) * sd / sqrt(n), `tail` being the share beyond it; nan for fewer than two values."""
    if len(values) < 2:
        return math.nan
    from scipy.special import stdtrit  # noqa: PLC0415 - .2 s to load, which workers need not wait for

    return float(stdtrit(len(values) - 1, 1 - tail)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
