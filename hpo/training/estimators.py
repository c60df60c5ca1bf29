"""A scikit-learn estimator, or a pipeline of them, as a trainer: fitted on the examples of a cut, scored on others.

What comes before the last step is fitted once, on the training examples alone; then the last step is trained as far as
is asked for. A pass over the data is an epoch where there is partial_fit; where there is warm_start, an epoch is a tree
or an iteration, unless the study says how many of these there are.
"""

from __future__ import annotations

import math
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.definition.abilities import Abilities
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.searching.queued import DONE
from hpo.searching.seeds import training_rng
from hpo.searching.space import Config
from hpo.storage.errors import UserError
from hpo.storage.examples import rows_of
from hpo.storage.splits import Indices
from hpo.training.estimator_steps import advances_by_calls, has_gaps, made, seed, with_encoding
from hpo.training.images import Arrays, StudyData
from hpo.training.protocol import Assignment, OpenTest, Point, Score, TrainingFailedError
from hpo.training.scorers import Scorer, hits, scorer

FEWEST_CALLS = 4
"""Of partial_fit in a whole training, so that rungs lie apart where there is one pass alone."""

_FAILURES = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RuntimeError, MemoryError, OSError)
"""What estimators raise; a stop that was asked for is none of these."""


class Estimators:
    """Trains what a study declares in [trainer] with `estimator` or `steps`."""

    def __init__(self, settings: EstimatorTrainer, data: StudyData) -> None:
        self._settings, self._data = settings, data
        self._scorer = scorer(data.metric, data.part.task, data.part.classes)
        self._gaps = has_gaps(data.part.x)

    @property
    def abilities(self) -> Abilities:
        """What the settings say."""
        return self._settings.abilities

    @property
    def stops_anywhere(self) -> bool:
        """False: it is advanced to its rungs."""
        return False

    def start(self, config: Config, assignment: Assignment, open_test: OpenTest) -> EstimatorTraining:
        """Return the training of `config` at its beginning."""
        values = self._settings.values(config)
        try:
            with _failing():
                groups = [
                    _Group(
                        self._settings,
                        values,
                        self._data.arrays(cut),
                        classes=self._data.part.classes,
                        gaps=self._gaps,
                        epochs=assignment.epochs,
                        rng=training_rng(assignment.seed, group),
                    )
                    for group, cut in enumerate(assignment.cuts)
                ]
        except UserError as error:
            raise TrainingFailedError(str(error)) from error
        return EstimatorTraining(groups, self._data, self._scorer, assignment, open_test)

    def close(self) -> None:
        """There is nothing to give back."""


class _Group:
    """One model on one group of examples, as far as it is fitted."""

    def __init__(
        self,
        settings: EstimatorTrainer,
        values: dict[str, Any],
        arrays: tuple[Arrays, Arrays],
        *,
        classes: int,
        gaps: bool,
        epochs: int,
        rng: np.random.Generator,
    ) -> None:
        (x, self.y), (x_held, self.y_held) = arrays
        self._classes, self._rng, self._epochs = classes, rng, epochs
        steps = with_encoding(made(settings, values), x, gaps=gaps)
        for each in steps:
            seed(each, int(rng.integers(2**31)))
        *self._before, self.model = steps
        self.advance_by = settings.advance or "nothing"
        if self.advance_by == "partial_fit" and not advances_by_calls(self.model):
            self.advance_by = "nothing"  # such as an MLP with the solver lbfgs
        self._calls_a_pass = min(len(self.y), max(1, math.ceil(FEWEST_CALLS / epochs)))
        self._rows: list[Indices] = []
        self.total = self._units(settings, values)
        self.done = self.looked = 0
        self.seconds = 0.0
        self.points: list[Point] = []
        self.x, self.x_held = self._fit_before(flat(x)), self.transformed(x_held)
        few = np.arange(min(len(self.y), len(self.y_held)))  # enough to be as exact as what scores
        self.probe: Arrays = (rows_of(self.x, few), self.y[few])

    def transformed(self, x: Any) -> Any:
        """Return x as the last step takes it."""
        x = flat(x)
        for each in self._before:
            x = each.transform(x)
        return x

    def advance(self, percent: int) -> None:
        """Train to `percent` of the whole."""
        units = max(1, math.ceil(self.total * percent / DONE))
        started = perf_counter()
        while self.done < units:
            self._train(units)
        self.seconds += perf_counter() - started

    def add(self, point: Point, percent: int) -> None:
        """Note how it stands at `percent`; where nothing was trained since the last point, in place of that."""
        if self.points and self.points[-1].step == point.step:
            self.points.pop()
        self.points.append(point)
        self.looked = percent

    @property
    def percent(self) -> int:
        """How far it is trained."""
        return DONE * self.done // self.total

    def _units(self, settings: EstimatorTrainer, values: dict[str, Any]) -> int:
        """Return how many calls, trees or iterations make the whole training."""
        if self.advance_by == "partial_fit":
            return self._epochs * self._calls_a_pass
        if self.advance_by in ("n_estimators", "max_iter"):
            given = settings.of_last(self.advance_by) in values
            return int(self.model.get_params()[self.advance_by]) if given else self._epochs
        return 1

    def _fit_before(self, x: Any) -> Any:
        started = perf_counter()
        for each in self._before:
            x = each.fit_transform(x, self.y)
        self.seconds += perf_counter() - started
        return x

    def _train(self, units: int) -> None:
        """Train until there are `units` more or less: with partial_fit by one call."""
        if self.advance_by == "partial_fit":
            if not self._rows:
                self._rows = np.array_split(self._rng.permutation(len(self.y)), self._calls_a_pass)
            rows = self._rows.pop(0)
            first = {"classes": np.arange(self._classes)} if self._classes and self.done == 0 else {}
            self.model.partial_fit(rows_of(self.x, rows), self.y[rows], **first)
            self.done += 1
            return
        if self.advance_by != "nothing":
            self.model.set_params(**{self.advance_by: units, "warm_start": True})
        self.model.fit(self.x, self.y)
        self.done = units


class EstimatorTraining:
    """One config in training. It is its seed's child: paused, or trained again, it ends with the same numbers."""

    def __init__(
        self, groups: Sequence[_Group], data: StudyData, value: Scorer, assignment: Assignment, open_test: OpenTest
    ) -> None:
        self._groups, self._data, self._value = groups, data, value
        self._assignment, self._open_test = assignment, open_test
        self._looks = sorted({*assignment.rungs, DONE})
        if groups[0].advance_by == "partial_fit":
            self._looks = sorted({*self._looks, *(DONE * k // assignment.evaluations or 1 for k in _first(assignment))})

    @property
    def percent(self) -> int:
        """How far every group is trained."""
        return min(group.percent for group in self._groups)

    def advance(self, percent: int) -> Score:
        """Train every group to `percent` and return how it stands there."""
        with _failing():
            for index, group in enumerate(self._groups):
                for look in [*(each for each in self._looks if each < percent), percent]:
                    if look > group.looked:
                        group.advance(look)
                        group.add(self._look(index, group, percent=look), look)
            right = self._hits()
        test = self._on_the_test_set() if self._assignment.test_allowed and percent == DONE else None
        last = [group.points[-1] for group in self._groups]
        value, train = float(np.mean([each.value for each in last])), np.mean([each.train for each in last])
        metric, reason = self._data.metric, None
        if not math.isfinite(value):
            if metric.worst is None:
                raise TrainingFailedError(f"{metric.name} on the validation examples is {value}")
            value, reason = metric.value(metric.worst), f"{metric.name} on the validation examples is {value}"
        return Score(
            value=value,
            train=float(train) if math.isfinite(train) else None,
            test=test,
            points=tuple(point for group in self._groups for point in group.points if math.isfinite(point.value)),
            hits=right,
            seconds=sum(group.seconds for group in self._groups),
            reason=reason,
        )

    def kept(self) -> None:
        """Return None: a model of somebody else's package could only be pickled, and no pickle goes anywhere."""
        return

    def close(self) -> None:
        """There is nothing to give back."""

    def _look(self, index: int, group: _Group, *, percent: int) -> Point:
        return Point(
            group=index,
            step=group.done,
            epoch=self._assignment.epochs * percent / DONE,
            value=self._value(group.model, group.x_held, group.y_held),
            train=self._value(group.model, *group.probe),
            seconds=group.seconds,
        )

    def _on_the_test_set(self) -> float:
        """Open the test set and return how the first group's model stands there."""
        test, group = self._open_test(), self._groups[0]
        with _failing():
            return self._value(group.model, group.transformed(test.x), test.y)

    def _hits(self) -> NDArray[np.bool_] | None:
        if self._data.part.task != "classification":
            return None
        return np.stack([hits(group.model, group.x_held, group.y_held) for group in self._groups])


def flat(x: Any) -> Any:
    """Return a table as it is, and an array (N, ...) as (N, D)."""
    return x if hasattr(x, "iloc") else x.reshape(len(x), -1)


def _first(assignment: Assignment) -> range:
    return range(1, assignment.evaluations + 1)


@contextmanager
def _failing() -> Iterator[None]:
    """Turn what an estimator raises into the failure of its training; what it warns of is nobody's to read here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _FAILURES as error:
        line = next(iter(str(error).strip().splitlines()), "")[:300]
        raise TrainingFailedError(f"{type(error).__name__}: {line}", traceback.format_exc()) from error
