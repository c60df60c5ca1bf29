"""A search that somebody else ran, as an audit looks at it: where it looked, and what its trials scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hpo.searching.metric import Metric
from hpo.searching.space import Categorical, Config, Interval, SearchSpace

State = Literal["finished", "stopped", "failed", "running"]


@dataclass(frozen=True, slots=True)
class AuditedTrial:
    """One trial of the search. `config` lacks the hyperparameters that the trial did not have (conditional ones).

    `score` is larger-is-better; None where there is none. Of a stopped trial it is what it had reached when it was
    stopped, after `percent` of the longest training; the values of its own training on the way are in `rungs`.

    `params` is what its training was given, where that is more than the config: with what never varied, and each choice
    as it was.
    """

    number: int
    config: Config
    score: float | None
    state: State = "finished"
    rungs: Mapping[int, float] | None = None
    params: Mapping[str, Any] | None = None

    @property
    def given(self) -> Mapping[str, Any]:
        """What a training of the same is to be given."""
        return self.config if self.params is None else self.params


@dataclass(frozen=True, slots=True)
class AuditedSearch:
    """A search with its `space`, whose limits are the ranges that were searched.

    The trials are in the order they were made in, with numbers that rise.

    `ranges_are_known`: whether the limits were declared, or are only from the lowest to the highest value tried.
    `notes` are what had to be taken for granted while it was read, a sentence each.
    """

    name: str
    metric: Metric
    space: SearchSpace
    trials: Sequence[AuditedTrial]
    ranges_are_known: bool = True
    notes: tuple[str, ...] = ()

    @property
    def scored(self) -> list[AuditedTrial]:
        """The trials that ran to their end and have a score."""
        return [trial for trial in self.trials if trial.state == "finished" and trial.score is not None]

    def count(self, state: State) -> int:
        """Return how many trials are in `state`."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def conditional(self) -> list[str]:
        """The hyperparameters that some of the trials with a score do not have."""
        return [name for name in self.space.hyperparameters if any(name not in each.config for each in self.scored)]


def best_of(trials: Sequence[AuditedTrial]) -> AuditedTrial:
    """Return the trial with the highest score, the earliest of equals."""
    return max(trials, key=lambda trial: (score_of(trial), -trial.number))


def score_of(trial: AuditedTrial) -> float:
    """Return the score of a trial that has one; TypeError for another."""
    if trial.score is None:
        raise TypeError(f"trial {trial.number} has no score")
    return trial.score


def limits_of(space: SearchSpace, name: str) -> Interval | None:
    """Return the range of a numeric hyperparameter; None of a categorical one."""
    found = space.hyperparameters[name]
    return None if isinstance(found, Categorical) else found.limits
