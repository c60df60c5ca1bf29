"""A Python function as a trainer: what it returns, or yields at each rung, is the score of a trial."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from hpo.definition.abilities import Abilities
from hpo.searching.metric import Metric
from hpo.searching.queued import DONE
from hpo.searching.seeds import child_seed
from hpo.searching.space import Config, unpacked
from hpo.storage.errors import UserError
from hpo.training.functions.call import Call
from hpo.training.functions.checkpoints import Checkpoints
from hpo.training.functions.examples import Examples, OwnExamples
from hpo.training.functions.run import Run
from hpo.training.protocol import Assignment, OpenTest, Point, Score

TrainFunction = Callable[..., Any]
"""`train(config, run)`: a generator that yields hpo.Score, or a function that returns a number."""


@dataclass
class Functions:
    """Trains by calling the function that `load` returns, which is named `name` in sentences.

    It is loaded in the worker that needs it first: what a user's modules start when they are imported, such as threads,
    does not live through a fork.

    examples: those of the study's [data], None without. own: how the function's own are divided. source: what tells
    this function from a changed one. checkpoints: a folder in which trainings may save themselves.
    """

    load: Callable[[], TrainFunction]
    name: str
    metric: Metric
    abilities: Abilities = field(default_factory=Abilities)
    examples: Examples | None = None
    own: OwnExamples = field(default_factory=lambda: OwnExamples(0))
    source: str = ""
    checkpoints: Path | None = None
    stops_anywhere: bool = False

    @cached_property
    def function(self) -> TrainFunction:
        """The function, with the arguments (config, run). Raises UserError where it cannot be had."""
        return accepted(self.load())

    def start(self, config: Config, assignment: Assignment, open_test: OpenTest) -> FunctionTraining:
        """Return the training of `config` at its beginning; nothing is called yet."""
        values = {name: unpacked(value) for name, value in config.items()}
        folders = Checkpoints(self.checkpoints, self.source, values, assignment)
        calls = []
        for group, cut in enumerate(assignment.cuts):
            run = Run(
                assignment,
                cut,
                child_seed(assignment.seed, group),
                examples=self.examples,
                own=self.own,
                open_test=open_test,
                checkpoint=partial(folders.of_group, group),
                forget_checkpoint=partial(folders.forget, group),
            )
            calls.append(Call(partial(self.function, values, run), self.name, run, self.metric))
        return FunctionTraining(calls, assignment, folders)

    def close(self) -> None:
        """Nothing is held."""


class FunctionTraining:
    """One config in training: a call of the function for each group of examples."""

    def __init__(self, calls: list[Call], assignment: Assignment, folders: Checkpoints) -> None:
        self._calls, self._assignment, self._folders = calls, assignment, folders
        self._points: list[Point] = []
        self._percent = 0

    @property
    def percent(self) -> int:
        """How far it is, in percent of its whole."""
        return self._percent

    def advance(self, percent: int) -> Score:
        """Train to the first rung that is at `percent` or behind it, as a function stops nowhere else.

        Raises TrainingFailedError for an error in the function, or for what it gives back.
        """
        rung = next((each for each in self._assignment.rungs if each >= percent), DONE)
        for group, call in enumerate(self._calls):
            while call.percent < rung:
                call.go_on()
                self._points.append(self._point(group, call))
        self._percent = max(self._percent, rung)
        if self._percent >= DONE:
            self._folders.clear()
        return self._score()

    def kept(self) -> bytes | None:
        """Return None: what the function trained is its own."""
        return None

    def close(self) -> None:
        """End the calls; what they have saved stays."""
        for call in self._calls:
            call.close()

    def forget(self) -> None:
        """Delete what they have saved."""
        self._folders.clear()

    def _point(self, group: int, call: Call) -> Point:
        score, epochs = call.latest, self._assignment.epochs * call.percent / DONE
        return Point(group, call.percent, epochs, score.value, train=score.train, seconds=call.seconds)

    def _score(self) -> Score:
        latest = [call.latest for call in self._calls]
        tests = [call.test for call in self._calls]
        return Score(
            value=_mean([each.value for each in latest]),
            train=_mean_or_none([each.train for each in latest]),
            test=_mean_or_none(tests),
            others=_mean_by_name([each.others for each in latest]),
            points=tuple(self._points),
            seconds=sum(call.seconds for call in self._calls),
        )


def accepted(function: TrainFunction) -> TrainFunction:
    """Return `function` as one of (config, run), though it may take the config alone. Raises UserError otherwise."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # one in C does not say
        return function
    for arguments in (2, 1):
        try:
            signature.bind(*range(arguments))
        except TypeError:
            continue
        return function if arguments == 2 else _without_run(function)
    name = getattr(function, "__name__", "the function")
    takes = ", ".join(signature.parameters)
    raise UserError(f"{name}({takes}) cannot be called as {name}(config, run); give it these two arguments")


def _without_run(function: TrainFunction) -> TrainFunction:
    return lambda config, _: function(config)


def _mean(values: list[float]) -> float:
    return values[0] if len(values) == 1 else math.fsum(values) / len(values)


def _mean_or_none(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _mean(known) if known and len(known) == len(values) else None


def _mean_by_name(each: list[Mapping[str, float]]) -> dict[str, float]:
    """Return the means of what every group has, and has as a finite number."""
    names = [name for name in each[0] if all(math.isfinite(others.get(name, math.nan)) for others in each)]
    return {name: _mean([others[name] for others in each]) for name in names}
