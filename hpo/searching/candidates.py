"""Which configs to believe in: smoothing picks candidates, a race compares them (racing), fresh runs score them.

The maximum of many noisy scores is mostly luck, and beside a cliff of divergence it picks lucky runs on the cliff. So
no number that chose a config is ever shown as that config's score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpo.searching.learning import learnt_enough
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.smoothing import Floats, smoothed_scores
from hpo.searching.space import Box, SearchSpace, Value
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import TrialResult

CANDIDATE_SHARE = 1 / 3


def candidates(
    space: SearchSpace,
    box: Box,
    trials: Sequence[TrialResult],
    count: int,
    *,
    constrained: bool = False,
    metric: Metric = ACCURACY,
) -> list[TrialResult]:
    """Return the `count` most promising of `trials`, best first: highest smoothed score among the top third by score.

    Scores are smoothed over all trials, failures included (see `smoothing`): a lucky run among failures is not
    promising, a plateau is. A config that was drawn twice, as happens with few choices, is one candidate. Where the
    study is `constrained`, only those `within_bound` are considered, unless none is.
    """
    scored = with_imputed_scores(trials, metric)
    return promising(trials, scored, smoothed_scores(space, box, scored), count, constrained=constrained, metric=metric)


def promising(
    trials: Sequence[TrialResult],
    scored: Sequence[TrialResult],
    smooth: Floats,
    count: int,
    *,
    constrained: bool,
    metric: Metric = ACCURACY,
) -> list[TrialResult]:
    """Return the candidates, given the `trials` with imputed scores, and what each of these is worth, (n,)."""
    by_score = sorted(_considered(scored, constrained, metric), key=lambda i: (-scored[i].score, scored[i].key))
    best = by_score[: max(count, math.ceil(CANDIDATE_SHARE * len(by_score)))]
    best.sort(key=lambda i: (-smooth[i], scored[i].key))
    chosen: dict[tuple[tuple[str, Value], ...], TrialResult] = {}
    for i in best:
        chosen.setdefault(tuple(sorted(trials[i].config.items())), trials[i])
        if len(chosen) == count:
            break
    return list(chosen.values())[:count]


def within_bound(trials: Sequence[TrialResult], metric: Metric = ACCURACY) -> list[int]:
    """Return the places of the `trials` (imputed scores where stopped) that keep to all constraints.

    What was stopped had no time to overfit, and what learnt nothing has no gap: alone, a bound would favour both. So a
    trial must have learnt enough (half of the best accuracy, see `learning`), and stopped ones count only where no
    trial trained to its end keeps to it.
    """
    enough = learnt_enough(metric, [trial.score for trial in trials])
    kept = [
        i for i, trial in enumerate(trials) if trial.excess is not None and trial.excess <= 0 and trial.score >= enough
    ]
    return [i for i in kept if not trials[i].stopped] or kept


def _considered(trials: Sequence[TrialResult], constrained: bool, metric: Metric) -> Sequence[int]:
    """Return the places of those `within_bound`; all of them without a constraint, or if none is."""
    everybody = range(len(trials))
    return within_bound(trials, metric) or everybody if constrained else everybody
