"""The guard against overfitting: a bound on the train-validation gap, who is within it, and what that cost.

The gap is train minus validation accuracy where a trial's training ended, so what was stopped early has had less time
to overfit: the race, which trains to the end, has the last word on the gap of a good value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpo.selecting import candidates
from hpo.space import Box, SearchSpace
from hpo.trials import TrialResult


@dataclass(frozen=True, slots=True)
class GuardCost:
    """Whether any trial kept to the bound, and the first choice with the bound and without, by smoothed scores."""

    any_within: bool
    chosen: TrialResult
    without: TrialResult


def guard_cost(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], count: int, max_gap: float | None
) -> GuardCost | None:
    """Return what the bound `max_gap` did to the choice of `count` candidates; None without a bound or a trial."""
    if max_gap is None or not trials:
        return None
    any_within = any(trial.gap is not None and trial.gap <= max_gap for trial in trials)
    chosen = candidates(space, box, trials, count, max_gap)[0]
    return GuardCost(any_within, chosen, candidates(space, box, trials, count)[0])
