"""What the decisions of a search look at: finished (or stopped) trials as frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hpo.searching.space import Config

WORST_SCORE = 0.0
"""The accuracy of a diverged or failed trial: finite, so that samplers learn from it. See `extremes.failed_score`."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """One trial of the search whose training has ended.

    `score` is the mean validation score over its groups where its training ended (of an accuracy the accuracy itself,
    0..1; more is better, see `hpo.searching.metric`); `rungs` the scores at the shares of the training where the round
    was compared. A stopped trial ended at its last rung; a failed one could not be trained to its end and has the worst
    score.
    """

    round: int
    index: int
    config: Config
    score: float
    rungs: Mapping[int, float]
    stopped: bool = False
    failed: bool = False
    number: int = -1
    """The trial's number in the Optuna study, for people; no decision looks at it."""
    gap: float | None = None
    """Train minus validation score where its training ended, if that is known and it did not diverge."""
    excess: float | None = None
    """By how much it breaks the worst of the study's constraints, at most 0 where it keeps to all; None: not known."""

    @property
    def key(self) -> tuple[int, int]:
        """Return (round, index): what a trial is known by, whatever the database numbered it."""
        return self.round, self.index

    def scoring(self, score: float) -> TrialResult:
        """Return the same trial with another score; `dataclasses.replace` takes five times as long."""
        return TrialResult(
            self.round,
            self.index,
            self.config,
            score,
            self.rungs,
            stopped=self.stopped,
            failed=self.failed,
            number=self.number,
            gap=self.gap,
            excess=self.excess,
        )


def ranked(trials: Iterable[TrialResult]) -> list[TrialResult]:
    """Return `trials` from best to worst score; earlier trials first among equals, so that the order is total."""
    return sorted(trials, key=_place)


def _place(trial: TrialResult) -> tuple[float, Key]:
    return -trial.score, trial.key


def incumbent(trials: Sequence[TrialResult]) -> TrialResult:
    """Return the best of `trials` so far."""
    return min(trials, key=_place)


Key = tuple[int, int]
