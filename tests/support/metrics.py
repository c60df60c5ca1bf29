"""The same study in another metric: every accuracy of its results becomes a value of that metric, by a straight line.

A straight line keeps all orders and all ratios of differences, so what is best, tied or worse stays what it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hpo.proof.estimates import Estimate
from hpo.record.results import StudyResults
from hpo.searching.metric import Metric
from hpo.storage.records import Curve


@dataclass(frozen=True)
class Line:
    """The values of `metric` that accuracies become: `at_none` for 0, `at_all` for 1."""

    metric: Metric
    at_none: float
    at_all: float

    def value(self, accuracy: float) -> float:
        return self.at_none + (self.at_all - self.at_none) * accuracy

    def score(self, accuracy: float) -> float:
        return self.metric.score(self.value(accuracy))

    def difference(self, of_accuracies: float) -> float:
        """Return a difference of accuracies as one of scores."""
        return of_accuracies * abs(self.at_all - self.at_none)

    def estimate(self, of: Estimate) -> Estimate:
        return Estimate(self.score(of.mean), self.score(of.low), self.score(of.high), of.runs)


RMSE = Line(Metric("rmse", "minimize", low=0.0, high=None, is_share=False), 80.0, 50.0)
TINY = Line(Metric("mse", "minimize", low=0.0, high=None, is_share=False), 2e-4, 1e-5)
AUC = Line(Metric("auc", "maximize", low=0.0, high=1.0, guess=0.5, is_share=False), 0.5, 1.0)
REWARD = Line(Metric("reward", "maximize", low=None, high=None, is_share=False), -2000.0, 500.0)
ERRORS = Line(Metric("error_rate", "minimize"), 1.0, 0.0)


def in_metric(results: StudyResults, line: Line, *, hits: bool = False) -> StudyResults:
    """Return `results` as they would be if the trainer had scored by `line.metric`; without hits, which are its own."""
    definition = replace(results.definition, metric=line.metric)

    def run(of: Any) -> Any:
        test = None if of.test_accuracy is None else line.score(of.test_accuracy)
        return replace(of, score=line.score(of.score), train_accuracy=line.score(of.train_accuracy), test_accuracy=test)

    def curve(of: Curve) -> Curve:
        points = tuple(
            replace(
                point,
                train_loss=None,
                validation_loss=None,
                train_accuracy=None if point.train_accuracy is None else line.value(point.train_accuracy),
                validation_accuracy=line.value(point.validation_accuracy),
                test_accuracy=None if point.test_accuracy is None else line.value(point.test_accuracy),
            )
            for point in of.points
        )
        return Curve(points, of.hits if hits else of.hits[:, :0])

    runs = {each.id: run(each) for each in results.runs}
    return replace(
        results,
        definition=definition,
        data={**results.data, "chance": line.metric.guess},
        queued=[_queued(each, line) for each in results.queued],
        trials=[_trial(each, line) for each in results.trials],
        runs=list(runs.values()),
        good=[
            replace(
                each,
                race=line.score(each.race),
                confirmed=line.estimate(each.confirmed),
                search_score=line.score(each.search_score),
                gap=line.difference(each.gap),
            )
            for each in results.good
        ],
        raced=tuple(replace(each, mean=line.score(each.mean), gap=line.difference(each.gap)) for each in results.raced),
        full=[
            replace(
                each,
                runs=tuple(runs[one.id] for one in each.runs),
                train=line.estimate(each.train),
                validation=line.estimate(each.validation),
                test=line.estimate(each.test),
                metric=line.metric,
            )
            for each in results.full
        ],
        curves={key: curve(each) for key, each in results.curves.items()},
        compared=[
            replace(
                each,
                runs=tuple(run(one) for one in each.runs),
                train=line.estimate(each.train),
                validation=line.estimate(each.validation),
                test=line.estimate(each.test),
                gap=_difference(each.gap, line),
            )
            for each in results.compared
        ],
    )


def _difference(of: Estimate, line: Line) -> Estimate:
    return Estimate(line.difference(of.mean), line.difference(of.low), line.difference(of.high), of.runs)


def _queued(trial: Any, line: Line) -> Any:
    rungs: Mapping[int, float] = {rung: line.value(accuracy) for rung, accuracy in trial.rungs.items()}
    return replace(trial, rungs=rungs, score=None if trial.score is None else line.value(trial.score))


def _trial(trial: Any, line: Line) -> Any:
    rungs = {rung: line.score(accuracy) for rung, accuracy in trial.rungs.items()}
    gap = None if trial.gap is None or math.isnan(trial.gap) else line.difference(trial.gap)
    return replace(trial, score=line.score(trial.score), rungs=rungs, gap=gap)
