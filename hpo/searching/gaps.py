"""The guard against overfitting: a bound on the train-validation gap, who is within it, and what that cost.

The gap is train minus validation accuracy where a trial's training ended, so what was stopped early has had less time
to overfit, and is considered last. The race, which trains to the end, has the last word on the gap of a good value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpo.searching.candidates import promising, within_bound
from hpo.searching.smoothing import smoothed_scores
from hpo.searching.space import Box, SearchSpace
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import TrialResult


@dataclass(frozen=True, slots=True)
class GuardCost:
    """Whether any trial counts as within the bound, and the first choice with it and without, by smoothed scores."""

    any_within: bool
    chosen: TrialResult
    without: TrialResult


def guard_cost(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], count: int, max_gap: float | None
) -> GuardCost | None:
    """Return what the bound `max_gap` did to the choice of `count` candidates; None without a bound or a trial."""
    if max_gap is None or not trials:
        return None
    scored = with_imputed_scores(trials)
    smooth = smoothed_scores(space, box, scored)
    chosen, without = (promising(trials, scored, smooth, count, bound)[0] for bound in (max_gap, None))
    return GuardCost(bool(within_bound(scored, max_gap)), chosen, without)
