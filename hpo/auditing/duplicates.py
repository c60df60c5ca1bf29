"""Trials that tried a config again: how many there were, and what they say of luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo.auditing.search import AuditedSearch, AuditedTrial, score_of


@dataclass(frozen=True, slots=True)
class Duplicates:
    """`repeated` trials tried one of `configs` configs that an earlier trial had tried.

    `noise` is the standard deviation of scores of the same config, pooled over those that finished more than once; nan
    where none did. `pairs` are its degrees of freedom.
    """

    repeated: int
    configs: int
    noise: float
    pairs: int

    @property
    def fixed(self) -> bool:
        """Whether the same config always scored exactly the same, so that luck does not show in repeats."""
        return self.pairs > 0 and self.noise == 0


def duplicates(search: AuditedSearch) -> Duplicates:
    """Return how many trials of `search` were duplicates of earlier ones, failed and stopped ones counted."""
    groups = _groups(search.trials)
    repeated = [group for group in groups if len(group) > 1]
    scores = [
        [score_of(trial) for trial in group if trial.state == "finished" and trial.score is not None]
        for group in repeated
    ]
    pairs = sum(max(0, len(each) - 1) for each in scores)
    squares = sum(float(np.var(each)) * len(each) for each in scores if len(each) > 1)
    equal = all(len(set(each)) <= 1 for each in scores)
    noise = math.nan if not pairs else 0.0 if equal else math.sqrt(squares / pairs)
    return Duplicates(sum(len(group) - 1 for group in repeated), len(repeated), noise, pairs)


def distinct(trials: Sequence[AuditedTrial]) -> list[AuditedTrial]:
    """Return `trials` without those that say nothing new: a config again, with exactly its earlier score."""
    return list({(config_key(trial), trial.score): trial for trial in reversed(trials)}.values())[::-1]


def _groups(trials: Sequence[AuditedTrial]) -> list[list[AuditedTrial]]:
    groups: dict[object, list[AuditedTrial]] = {}
    for trial in trials:
        if trial.state != "running":
            groups.setdefault(config_key(trial), []).append(trial)
    return list(groups.values())


def config_key(trial: AuditedTrial) -> object:
    """Return what is the same for trials of the same config."""
    return tuple(sorted((name, type(value).__name__, repr(value)) for name, value in trial.config.items()))
