"""Each trial of the search with everything known of it in one place: its state, score, rank and learning curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from optuna.trial import TrialState

from hpo.definition.rounds import comparable
from hpo.record.results import StudyResults
from hpo.reports.facts.once import once
from hpo.searching.metric import Metric
from hpo.searching.queued import QueuedTrial
from hpo.searching.space import Config
from hpo.searching.trials import ranked
from hpo.storage.records import Curve, CurvePoint

State = Literal["complete", "stopped", "failed", "waiting", "running"]

_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "stopped",
    TrialState.FAIL: "failed",
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trial of the search as it stands.

    A trial that diverged counts as failed, whatever the queue did with it, and `reason` says why. `score` is its mean
    validation score (larger is better) at the last rung that it reached, None before the first. `rank` is its place
    among the trials whose scores mean the same (as many samples and epochs as in the latest round); 1 is the best.
    """

    round: int
    index: int
    trial: QueuedTrial
    state: State
    reason: str | None
    score: float | None
    rank: int | None
    curve: Curve | None
    comparable: bool
    """Whether its score means the same as those of the latest round: as many samples and epochs."""

    @property
    def config(self) -> Config:
        """The trial's hyperparameters."""
        return self.trial.config

    @property
    def train_value(self) -> float | None:
        """The metric's value on training examples where training stands, mean over groups; None where not known."""
        points = self._last_points
        values = [point.train_accuracy for point in points if point.train_accuracy is not None]
        return float(np.mean(values)) if values and len(values) == len(points) else None

    @property
    def seconds(self) -> float | None:
        """The training time so far in seconds, summed over groups."""
        return sum(point.seconds for point in self._last_points) if self._last_points else None

    @property
    def _last_points(self) -> list[CurvePoint]:
        points = self.curve.points if self.curve else ()
        return list({point.group: point for point in points}.values())


@dataclass(frozen=True, slots=True)
class MeanCurve:
    """A learning curve averaged over groups: epochs and the metric's values, float64, each of shape (P,).

    Where values on training examples are not known, they are nan.
    """

    epochs: NDArray[np.float64]
    train: NDArray[np.float64]
    validation: NDArray[np.float64]


@once
def outcomes(results: StudyResults) -> list[Outcome]:
    """Return every trial enqueued so far once, in (round, index) order: the same whatever the number of workers."""
    scores = {trial.key: trial.score for trial in results.trials}
    first: dict[tuple[int, int], QueuedTrial] = {}
    for trial in results.queued:
        key = (int(trial.attributes["round"]), int(trial.attributes["index"]))
        if key not in first or (trial.finished and not first[key].finished):
            first[key] = trial
    failed = {key for key, trial in first.items() if _state(trial) == "failed"}
    alike = comparable(results.definition, results.trials)
    alike_keys = {trial.key for trial in alike}
    order = [trial for trial in ranked(alike) if trial.key not in failed]
    ranks = {trial.key: rank for rank, trial in enumerate(order, 1)}
    return [
        Outcome(
            round=key[0],
            index=key[1],
            trial=trial,
            state=_state(trial),
            reason=trial.attributes.get("reason"),
            score=scores[key] if key in scores else _score(results.definition.metric, trial.rungs.get(trial.reached)),
            rank=ranks.get(key),
            curve=results.curves.get(trial.id),
            comparable=key in alike_keys,
        )
        for key, trial in sorted(first.items())
    ]


@once
def running_best(results: StudyResults) -> list[tuple[tuple[int, int], float]]:
    """Return the key of each ended trial that `rank` compares, and the best score up to it, in their order."""
    best, found = -math.inf, []
    for each in outcomes(results):
        if each.trial.finished and each.comparable and each.state != "failed" and each.score is not None:
            best = max(best, each.score)
            found.append(((each.round, each.index), best))
    return found


def best_outcomes(results: StudyResults, count: int) -> list[Outcome]:
    """Return the `count` best-ranked trials that have a learning curve, best first."""
    with_curve = [each for each in outcomes(results) if each.rank is not None and each.curve and each.curve.points]
    return sorted(with_curve, key=lambda each: each.rank or 0)[:count]


def mean_curve(curve: Curve) -> MeanCurve:
    """Return `curve` averaged over its groups; a group that ended early keeps its last value to the end."""
    groups: dict[int, list[CurvePoint]] = {}
    for point in curve.points:
        groups.setdefault(point.group, []).append(point)
    start = max(points[0].step for points in groups.values())
    epochs = {point.step: point.epoch for point in curve.points if point.step >= start}
    steps = sorted(epochs)
    train, validation = np.zeros(len(steps)), np.zeros(len(steps))
    for points in groups.values():
        last = np.searchsorted([point.step for point in points], steps, side="right") - 1
        train += np.array([point.train_accuracy for point in points], dtype=np.float64)[last]
        validation += np.array([point.validation_accuracy for point in points], dtype=np.float64)[last]
    return MeanCurve(np.array([epochs[step] for step in steps]), train / len(groups), validation / len(groups))


def n_train(results: StudyResults, number: int) -> int:
    """Return how many images a group of round `number` trains on: no more than there are."""
    return results.definition.rounds[number - 1].taken(int(results.data["pool"]))


def _score(metric: Metric, value: float | None) -> float | None:
    return None if value is None else metric.score(value)


def _state(trial: QueuedTrial) -> State:
    return "failed" if trial.finished and trial.attributes.get("reason") else _STATES[trial.state]
