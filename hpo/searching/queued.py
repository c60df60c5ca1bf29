"""A trial as the queue knows it, and the search's results in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from optuna.trial import TrialState

from hpo.searching.constraints import GAP, Constraint, worst_excess
from hpo.searching.extremes import failed_score
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.space import Value
from hpo.searching.trials import Key, TrialResult

REPORTED = "metrics"
"""The attribute that has what else a trainer reports, by name."""


def search_results(
    trials: Iterable[QueuedTrial], metric: Metric = ACCURACY, constraints: Sequence[Constraint] = ()
) -> list[TrialResult]:
    """Return the finished, stopped and failed trials of the search, each (round, index) once, in their order.

    The queue has values of `metric`, and these have scores. What failed has the worst score (see
    `hpo.searching.extremes`); without a bound there is none for a training that diverged, so that failed, too.
    """
    first: dict[Key, QueuedTrial] = {}
    for trial in trials:
        if trial.finished:
            first.setdefault((int(trial.attributes["round"]), int(trial.attributes["index"])), trial)
    scores = {key: _score(trial, metric) for key, trial in first.items()}
    made = _Results(
        metric, constraints, failed_score(metric, (score for score in scores.values() if score is not None))
    )
    return [made.of(key, first[key], scores[key]) for key in sorted(first)]


def score_of(trial: QueuedTrial, metric: Metric) -> float | None:
    """Return the score that a finished trial of any part has; None where it failed, or diverged without a bound."""
    value = trial.score
    diverged_without_bound = metric.worst is None and bool(trial.attributes.get("reason"))
    if value is None or diverged_without_bound or not math.isfinite(value):
        return None
    return metric.score(value)


def reported(trial: QueuedTrial, gap: float | None) -> dict[str, float]:
    """Return what constraints may be about: what the trainer reports, how long it took, and the `gap` if it is known.

    What is no finite number is left out.
    """
    attributes = trial.attributes
    found = {"seconds": attributes.get("seconds"), **(attributes.get(REPORTED) or {}), GAP: gap}
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def _score(trial: QueuedTrial, metric: Metric) -> float | None:
    """Return the score of a finished trial of the search: that of its last rung where it was stopped."""
    if trial.state != TrialState.PRUNED or not trial.rungs:
        return score_of(trial, metric)
    value = trial.rungs[trial.reached]
    if not math.isfinite(value) or (metric.worst is None and trial.attributes.get("reason")):
        return None
    return metric.score(value)


@dataclass(frozen=True, slots=True)
class _Results:
    """How trials become results: `worst` is the score of what failed."""

    metric: Metric
    constraints: Sequence[Constraint]
    worst: float

    def of(self, key: Key, trial: QueuedTrial, ended_with: float | None) -> TrialResult:
        """Return the result of a finished trial, which has a score unless it failed."""
        failed = trial.state == TrialState.FAIL or (ended_with is None and self.metric.worst is None)
        score = self.worst if ended_with is None else ended_with
        train = trial.attributes.get("train_accuracy")
        broken_off = failed or ended_with is None or bool(trial.attributes.get("reason"))
        gap = None if broken_off or train is None else self.metric.score(train) - score
        return TrialResult(
            *key,
            config=trial.config,
            score=score,
            rungs={rung: self.metric.score(value) for rung, value in trial.rungs.items()},
            stopped=trial.state == TrialState.PRUNED and not failed,
            failed=failed,
            number=trial.number,
            gap=gap,
            excess=None if broken_off else worst_excess(self.constraints, reported(trial, gap)),
        )


DONE = 100
"""The last rung: the whole training, in percent."""


@dataclass(frozen=True, slots=True)
class QueuedTrial:
    """A trial as the queue sees it. `allowed` and `reached` are shares of its training in percent.

    `rungs` and `score` are values of the declared metric, in its own units and direction.
    """

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
