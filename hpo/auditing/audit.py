"""An audit: all that can be said of a search that somebody else ran, computed once, as one frozen value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpo.auditing.again import Again, again
from hpo.auditing.duplicates import Duplicates, config_key, distinct, duplicates
from hpo.auditing.edges import Edge, edges
from hpo.auditing.effects import effects
from hpo.auditing.gain import Gain, gain
from hpo.auditing.luck import FEWEST_TRIALS, Luck, luck_of, near_enough
from hpo.auditing.places import places
from hpo.auditing.process import Process
from hpo.auditing.search import AuditedSearch, AuditedTrial, best_of, score_of
from hpo.auditing.ties import Tied, ties
from hpo.searching.relevance import Relevance
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.thinning import thinned
from hpo.searching.trials import TrialResult

MOST = 250
"""Of more trials so many are known to the process: it takes n cubed, some hundred times."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the config of a trial would score on average, with a 90 % interval; in scores."""

    number: int
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Audit:
    """What is to be said of `search`. All numbers are scores, or differences of scores.

    `best` is None where no trial has a score. `ties`, `edges`, `expectations` are empty, and `again` and `gain` None,
    where `luck` says that there was too little to look at.
    """

    search: AuditedSearch
    best: AuditedTrial | None
    luck: Luck
    ties: tuple[Tied, ...]
    edges: tuple[Edge, ...]
    effects: tuple[Relevance, ...]
    duplicates: Duplicates
    gain: Gain | None
    again: Again | None
    expectations: tuple[Expectation, ...]

    @property
    def tied_numbers(self) -> frozenset[int]:
        """The numbers of all finished trials whose config can't be told apart from the best."""
        tied = {each.number for each in self.ties}
        keys = {config_key(trial) for trial in self.search.scored if trial.number in tied}
        return frozenset(trial.number for trial in self.search.scored if config_key(trial) in keys)

    @property
    def without_effect(self) -> list[str]:
        """The hyperparameters without a detectable effect."""
        return [each.name for each in self.effects if each.verdict == "no effect detected"]


def audit(search: AuditedSearch, *, seed: int = 0) -> Audit:
    """Return the audit of `search`; the same for the same seed."""
    scored = search.scored
    best = best_of(scored) if scored else None
    found = Audit(
        search, best, Luck("too few trials"), (), (), effects(search, scored, seed), duplicates(search), None, None, ()
    )
    if best is None or len(scored) < FEWEST_TRIALS:
        return found
    if len({trial.score for trial in scored}) == 1:
        return replace(found, luck=Luck("all equal"))
    trials = _known(search)
    rng = np.random.default_rng(seed)
    where = places(search.space, [trial.config for trial in trials])
    scores = np.array([score_of(trial) for trial in trials])
    surfaces = Process(search.space, where, scores, rng).surfaces(where, rng)
    same = (config_key(best), best.score)
    place = next(i for i, trial in enumerate(trials) if (config_key(trial), trial.score) == same)
    luck = luck_of(search.metric, score_of(best), surfaces, place)
    tied = ties(trials, surfaces)
    expected = surfaces.means.mean(axis=0)
    low, high = np.quantile(surfaces.means, [0.05, 0.95], axis=0)
    near = near_enough(search.metric, luck.noise)
    return replace(
        found,
        luck=luck,
        ties=tied,
        edges=edges(search, trials, expected, rng),
        gain=gain(trials, surfaces),
        again=again(tied, surfaces, near, rng),
        expectations=tuple(
            Expectation(trial.number, *(float(each[i]) for each in (expected, low, high)))
            for i, trial in enumerate(trials)
        ),
    )


def _known(search: AuditedSearch) -> list[AuditedTrial]:
    """Return the trials that the process is told of: finished ones, and stopped ones with what they had come to."""
    scored = search.scored
    trials = distinct([*scored, *_raised(search)])
    order = sorted(trials, key=lambda trial: (-score_of(trial), trial.state != "finished", trial.number))
    return thinned(order, MOST)


def _raised(search: AuditedSearch) -> list[AuditedTrial]:
    """Return the stopped trials, raised to what they would have reached, as in a search of ours; never above the best.

    Without a finished trial that was seen where one was stopped, nobody can tell what that is: it is left out.
    """
    reached = {rung for trial in search.scored for rung in trial.rungs or ()}
    stopped = [
        trial
        for trial in search.trials
        if trial.state == "stopped" and trial.score is not None and trial.rungs and max(trial.rungs) in reached
    ]
    if not stopped:
        return []
    both: Sequence[AuditedTrial] = [*search.scored, *stopped]
    results = [
        TrialResult(1, place, trial.config, score_of(trial), dict(trial.rungs or {}), stopped=trial.state == "stopped")
        for place, trial in enumerate(both)
    ]
    raised = with_imputed_scores(results, search.metric)[len(search.scored) :]
    highest = score_of(best_of(search.scored))
    return [replace(trial, score=min(result.score, highest)) for trial, result in zip(stopped, raised, strict=True)]
