"""Which hyperparameters had no detectable effect, in a search of which nobody knows how it drew its values.

`hpo.searching.relevance` deals values anew among trials that could as well have had each other's. A sampler that learns
moves its values while scores rise, for whatever reason; so they are dealt among trials that came soon after each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpo.auditing.search import AuditedSearch, AuditedTrial, score_of
from hpo.searching.relevance import FEWEST_TRIALS, Relevance, relevance
from hpo.searching.trials import TrialResult

BLOCK = 2 * FEWEST_TRIALS
"""So many trials, one after another, share their values."""


def effects(search: AuditedSearch, trials: Sequence[AuditedTrial], seed: int) -> tuple[Relevance, ...]:
    """Return for each hyperparameter whether the scores of `trials` depend on it.

    A conditional one is looked at among the trials that have it.
    """
    ordered = sorted(trials, key=lambda trial: trial.number)
    blocks = max(1, len(ordered) // BLOCK)
    results = [
        TrialResult(min(place // BLOCK, blocks - 1) + 1, place, trial.config, score_of(trial), {})
        for place, trial in enumerate(ordered)
    ]
    boxes = dict.fromkeys(range(1, blocks + 1), search.space.limits())
    return tuple(relevance(search.space, boxes, results, seed=seed, metric=search.metric))
