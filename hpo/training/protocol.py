"""What the service asks of whoever trains: start a training for a config and an assignment, and advance it.

A trainer is anything that satisfies `Trainer`; our networks are one of them. The search, the proof and the certificate
know configs, sizes, seeds and scores, and nothing of what lies behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hpo.definition.abilities import Abilities
from hpo.searching.queued import DONE
from hpo.searching.space import Config
from hpo.training.cuts import Cut

TestUse = Literal["never", "at the end", "along the curve"]

OpenTest = Callable[[], Any]
"""Opens the test set, which goes to the ledger first, and returns its part of the data (None where a trainer has its
own data). Calling it again opens nothing more."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one trial asks for, as data.

    stage: "search", "race", "confirm", "full", "plain", "adopted", "probe_lower", "probe_higher", "certificate" or
    "comparison". samples: how many examples train it, 0 where the trainer takes what it has. cuts: which these are, for
    each group that is trained; the score is the mean over them. epochs: the budget, in passes over the data or whatever
    the trainer counts. rungs: the percents at which it may be judged, 100 last. test: when the test set is evaluated,
    and `purpose` what the ledger then says.
    evaluations: points that its learning curve should have. judged: whether rungs decide about it, so that no score is
    told on the way. keeps: whether the trained model is kept in the database.
    """

    stage: str
    run: int
    seed: int
    samples: int
    epochs: int
    cuts: tuple[Cut, ...]
    rungs: tuple[int, ...] = (DONE,)
    test: TestUse = "never"
    purpose: str = ""
    evaluations: int = 8
    judged: bool = False
    keeps: bool = False

    @property
    def test_allowed(self) -> bool:
        """Whether the test set may be opened."""
        return self.test != "never"


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a learning curve; values are the declared metric's, what is None is not known."""

    group: int
    step: int
    epoch: float
    value: float
    train: float | None = None
    train_loss: float | None = None
    validation_loss: float | None = None
    test: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How a training stands at a share of its whole. Values are in the metric's own units and direction.

    value: the declared metric on the validation examples, mean over the groups; train: the same on the training
    examples, None where nobody says; test: on the test set, where it was opened. others: further metrics by name
    (latency_ms, size). hits: (G, V), which validation examples each group's model got right, where there are such.
    seconds: spent training. reason: why it diverged; then `value` is the worst that the metric has.
    """

    value: float
    train: float | None = None
    test: float | None = None
    others: Mapping[str, float] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    hits: NDArray[np.bool_] | None = None
    seconds: float = 0.0
    reason: str | None = None


class TrainingFailedError(Exception):
    """A training cannot go on, for a reason that its text says in one line; `details` has what else is known.

    The trial fails with it; the study goes on.
    """

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.details = details


class Training(Protocol):
    """One config in training. It may be left alone between two calls, and may never be taken up again."""

    @property
    def percent(self) -> int:
        """How far it is, in percent of its whole."""

    def advance(self, percent: int) -> Score:
        """Train to `percent` of the whole and return how it stands there.

        At 100 an assignment with a test "at the end" is evaluated on the test set. Raises TrainingFailedError where
        the training fails.
        """

    def kept(self) -> bytes | None:
        """Return the trained model to be kept, None where there is none."""

    def close(self) -> None:
        """End it and give back what it holds: processes, files."""


@runtime_checkable
class Saves(Protocol):
    """A training that saves itself in files, from which it goes on after its process has ended."""

    def forget(self) -> None:
        """Delete these: its trial is over."""


class Trainer(Protocol):
    """Starts trainings for one study, in the process of one worker."""

    @property
    def abilities(self) -> Abilities:
        """What it can do."""

    @property
    def stops_anywhere(self) -> bool:
        """Whether its trainings can be advanced to any percent, and not to their rungs alone."""

    def start(self, config: Config, assignment: Assignment, open_test: OpenTest) -> Training:
        """Return the training of `config` at its beginning; what can be told wrong then raises TrainingFailedError."""

    def close(self) -> None:
        """Give back what it holds; nothing is started afterwards."""
