"""A trial as the queue knows it, and the search's results in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from optuna.trial import TrialState

from hpo.searching.space import Value
from hpo.searching.trials import WORST_SCORE, Key, TrialResult


def search_results(trials: Iterable[QueuedTrial]) -> list[TrialResult]:
    """Return the finished, stopped and failed trials of the search, each (round, index) once, in their order."""
    found: dict[Key, TrialResult] = {}
    for trial in trials:
        key = (int(trial.attributes["round"]), int(trial.attributes["index"]))
        if not trial.finished or key in found:
            continue
        stopped = trial.state == TrialState.PRUNED
        score = trial.score if trial.score is not None else WORST_SCORE
        if stopped and trial.rungs:
            score = trial.rungs[trial.reached]
        train_accuracy = trial.attributes.get("train_accuracy")
        diverged = trial.state == TrialState.FAIL or bool(trial.attributes.get("reason"))
        found[key] = TrialResult(
            *key,
            config=trial.config,
            score=score,
            rungs=dict(trial.rungs),
            stopped=stopped,
            failed=trial.state == TrialState.FAIL,
            number=trial.number,
            gap=None if diverged or train_accuracy is None else train_accuracy - score,
        )
    return [found[key] for key in sorted(found)]


DONE = 100
"""The last rung: the whole training, in percent."""


@dataclass(frozen=True, slots=True)
class QueuedTrial:
    """A trial as the queue sees it. `allowed` and `reached` are shares of its training in percent."""

    id: int
    number: int
    state: TrialState
    config: dict[str, Value]
    attributes: Mapping[str, Any]
    rungs: Mapping[int, float]
    score: float | None
    claimed_at: datetime | None = None
    """When a worker took it last, in the local time of that machine, and when it ended; None until then."""
    ended_at: datetime | None = None
    on_the_way: int = 0
    """How far a worker says that it is between two rungs, for those who watch; nothing is decided by it."""
    optuna_id: int | None = None
    """Optuna's number of the trial that shows it."""

    @property
    def allowed(self) -> int:
        """How far the trial may be trained for now."""
        return int(self.attributes.get("allowed", DONE))

    @property
    def reached(self) -> int:
        """How far it has been trained."""
        return max(self.rungs, default=0)

    @property
    def trained(self) -> int:
        """How far it is by what its worker says: at least as far as it has been trained."""
        return max(self.reached, min(self.on_the_way, self.allowed) if self.running else 0)

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state.is_finished()

    @property
    def running(self) -> bool:
        """Whether a worker has it."""
        return self.state == TrialState.RUNNING

    @property
    def has_work(self) -> bool:
        """Whether training is left to do; a worker that died between its last report and its end left all of it."""
        return self.reached < self.allowed or self.reached == DONE

    @property
    def ready(self) -> bool:
        """Whether a worker may claim it."""
        return self.state == TrialState.WAITING and self.has_work
