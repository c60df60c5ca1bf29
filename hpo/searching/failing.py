"""Failures that are the trainer's, not a config's: many in a row for the same reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from optuna.trial import TrialState

from hpo.searching.queued import QueuedTrial

IN_A_ROW = 10
"""So many equal failures in a row are no coincidence: the next ones would fail, too."""

FEWEST = 3
"""Fewer may be."""

_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Repeated:
    """The trials that failed last, one after the other, for what is the same reason but for numbers in it."""

    reason: str
    ids: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """What is said when they end a study's run."""
        return (
            f"the last {len(self.ids)} trials failed, each with: {self.reason}\n"
            "So the run was stopped; what is finished is kept. Put that right and run the same command again: these "
            "trials are then tried again"
        )


def repeated_failure(trials: Iterable[QueuedTrial]) -> Repeated | None:
    """Return the last failures of a round, or of the final part, where at least so many in a row are the same.

    All of them are enough, if there are fewer: nothing can be learnt from such a round.
    """
    known = list(trials)
    enough = min(IN_A_ROW, max(FEWEST, len(known)))
    ended = [trial for trial in known if trial.finished and trial.ended_at is not None]
    ended.sort(key=lambda trial: (trial.ended_at, trial.id), reverse=True)
    same: list[QueuedTrial] = []
    for trial in ended:
        if trial.state != TrialState.FAIL or (same and _kind(trial) != _kind(same[0])):
            break
        same.append(trial)
    if len(same) < enough:
        return None
    return Repeated(str(same[0].attributes.get("reason", "")), tuple(sorted(trial.id for trial in same)))


def _kind(trial: QueuedTrial) -> str:
    return _NUMBER.sub("#", str(trial.attributes.get("reason", "")))
