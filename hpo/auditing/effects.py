"""Which hyperparameters had no detectable effect, in a search of which nobody knows how it drew its values.

`hpo.searching.relevance` deals values anew among trials that could as well have had each other's. A sampler that learns
moves its values while scores rise, for whatever reason; so they are dealt among trials that came soon after each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpo.auditing.search import AuditedSearch, AuditedTrial, score_of
from hpo.searching.relevance import FEWEST_TRIALS, Relevance, relevance
from hpo.searching.space import SearchSpace
from hpo.searching.trials import TrialResult

BLOCK = 2 * FEWEST_TRIALS
"""So many trials, one after another, share their values."""


def effects(search: AuditedSearch, trials: Sequence[AuditedTrial], seed: int) -> tuple[Relevance, ...]:
    """Return for each hyperparameter whether the scores of `trials` depend on it.

    A conditional one is looked at among the trials that have it, beside those that all of these have.
    """
    plain = {name: each for name, each in search.space.hyperparameters.items() if name not in search.conditional}
    ordered = sorted(trials, key=lambda trial: trial.number)
    found = {each.name: each for each in _effects(SearchSpace(plain), ordered, seed)} if plain else {}
    for name in search.conditional:
        having = [trial for trial in ordered if name in trial.config]
        space = SearchSpace(
            {
                other: each
                for other, each in search.space.hyperparameters.items()
                if all(other in trial.config for trial in having)
            }
        )
        found |= {each.name: each for each in _effects(space, having, seed) if each.name == name}
    return tuple(found[name] for name in search.space.hyperparameters if name in found)


def _effects(space: SearchSpace, trials: Sequence[AuditedTrial], seed: int) -> list[Relevance]:
    blocks = max(1, len(trials) // BLOCK)
    results = [
        TrialResult(
            min(place // BLOCK, blocks - 1) + 1,
            place,
            {name: trial.config[name] for name in space.hyperparameters},
            score_of(trial),
            {},
        )
        for place, trial in enumerate(trials)
    ]
    return relevance(space, dict.fromkeys(range(1, blocks + 1), space.limits()), results, seed=seed)
