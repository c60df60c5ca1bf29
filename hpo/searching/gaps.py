"""The guard against overfitting, and other constraints: who keeps to them, and what that cost.

The gap is train minus validation score where a trial's training ended, so what was stopped early has had less time to
overfit, and is considered last. The race, which trains to the end, has the last word on the gap of a good value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpo.searching.candidates import promising, within_bound
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.smoothing import smoothed_scores
from hpo.searching.space import Box, SearchSpace
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import TrialResult


@dataclass(frozen=True, slots=True)
class GuardCost:
    """Whether any trial counts as within the bounds, and the first choice with it and without, by smoothed scores."""

    any_within: bool
    chosen: TrialResult
    without: TrialResult


def guard_cost(
    space: SearchSpace,
    box: Box,
    trials: Sequence[TrialResult],
    count: int,
    *,
    constrained: bool,
    metric: Metric = ACCURACY,
) -> GuardCost | None:
    """Return what the constraints did to the choice of `count` candidates; None without one, or without a trial."""
    if not constrained or not trials:
        return None
    scored = with_imputed_scores(trials, metric)
    smooth = smoothed_scores(space, box, scored)
    chosen, without = (
        promising(trials, scored, smooth, count, constrained=each, metric=metric)[0] for each in (True, False)
    )
    return GuardCost(bool(within_bound(scored, metric)), chosen, without)
