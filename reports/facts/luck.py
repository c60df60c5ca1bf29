"""How much of the search's best score is luck with the validation images: the score so far, and what is left of it.

That is read off which images each trial got right, so it can be said where the metric counts them: of an accuracy, and
of the error rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hpo.definition.rounds import comparable
from hpo.proof.bias_correction import corrected_bests
from hpo.proof.estimates import Estimate
from hpo.record.results import StudyResults
from hpo.reports.facts.once import once
from hpo.reports.facts.outcomes import outcomes
from hpo.searching.metric import ACCURACY
from hpo.searching.seeds import LUCK, derived_seed
from hpo.searching.trials import ranked

_NONE_RIGHT: Mapping[str, float] = {ACCURACY.name: 0.0, "error_rate": -1.0}
"""The score of a trial that got no image right, by the metrics that count them."""


@dataclass(frozen=True, slots=True)
class BestSoFar:
    """The best score of the trials up to one of them, at the last rung that each reached, and what is left of it
    when its luck with the validation images is taken off.
    """

    key: tuple[int, int]
    score: float
    corrected: float

    @property
    def luck(self) -> float:
        """By how much the score is too high; below zero where chance hides it."""
        return self.score - self.corrected


@dataclass(frozen=True, slots=True)
class FreshRuns:
    """The best score of the search, and what fresh runs of the same config reached as they were chosen by nothing."""

    score: float
    again: Estimate

    @property
    def luck(self) -> float:
        """By how much the score was better."""
        return self.score - self.again.mean


@once
def best_again(results: StudyResults) -> FreshRuns | None:
    """Return how the search's best whole training did when its config was confirmed; None where it was not."""
    known = [each for each in comparable(results.definition, results.trials) if not each.stopped and not each.failed]
    if not known:
        return None
    best = ranked(known)[0]
    confirmed = next((good.confirmed for good in results.good if good.key == best.key), None)
    return None if confirmed is None or not confirmed.runs else FreshRuns(best.score, confirmed)


@once
def best_so_far(results: StudyResults) -> list[BestSoFar]:
    """Return the best score after each ended trial whose score means the same as the latest round's, in their order.

    A failed trial counts, with no image right. Nothing where no trial says which images it got right, or the metric
    does not count them.
    """
    definition = results.definition
    if definition.metric.name not in _NONE_RIGHT:
        return []
    done = [each for each in outcomes(results) if each.trial.finished and each.comparable]
    sizes = [each.curve.hits.shape[1] for each in done if each.curve is not None]
    if not sizes or max(sizes) < 2:
        return []
    hits = np.zeros((len(done), max(sizes)))
    for row, each in zip(hits, done, strict=True):
        if each.curve is not None and each.state != "failed":
            row[:] = each.curve.hits.mean(axis=0)
    corrected = corrected_bests(hits, seed=derived_seed(definition.seed, LUCK))
    best, none_right = np.maximum.accumulate(hits.mean(axis=1)), _NONE_RIGHT[definition.metric.name]
    return [
        BestSoFar((each.round, each.index), float(score) + none_right, float(left) + none_right)
        for each, score, left in zip(done, best, corrected, strict=True)
    ]
