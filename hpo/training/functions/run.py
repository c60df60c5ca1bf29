"""`run`, the second argument of a training function: what this training is to do, and with which examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpo.storage.errors import UserError
from hpo.storage.splits import Indices
from hpo.training.cuts import Cut
from hpo.training.functions.examples import Examples, OwnExamples, Pair, pair
from hpo.training.protocol import Assignment, OpenTest


class Run:
    """What one call of a training function is to do.

    The function is called once for each group of examples that a config is trained on (mostly one), each with a seed
    and examples of its own; the trial's score is the mean.
    """

    def __init__(
        self,
        assignment: Assignment,
        cut: Cut,
        seed: int,
        *,
        examples: Examples | None,
        own: OwnExamples,
        open_test: OpenTest,
        checkpoint: Callable[[], Path | None] = lambda: None,
        forget_checkpoint: Callable[[], None] = lambda: None,
    ) -> None:
        self._assignment, self._cut, self._seed = assignment, cut, seed
        self._examples, self._own, self._open_test, self._checkpoint = examples, own, open_test, checkpoint
        self._opened: tuple[Any] | None = None
        self.forget_checkpoint = forget_checkpoint
        """Removes what this training has saved."""
        self.refused: BaseException | None = None
        """Why the test set could not be opened: no fault of the function's."""

    @property
    def train(self) -> Pair:
        """The examples of [data] that train, (x, y); new arrays each time, so they may be written into."""
        return self._given("run.train").train(self._cut)

    @property
    def validation(self) -> Pair:
        """The examples of [data] that score, (x, y); new arrays each time."""
        return self._given("run.validation").validation(self._cut)

    @property
    def test(self) -> Pair:
        """The test examples of [data], (x, y). Asking for them is written into the test-set ledger first."""
        opened = self.open_test("run.test")
        if opened is None:
            raise UserError("run.test: this study has no [data], so there is no test set but your own")
        x, y = pair(opened)
        return x.copy(), y.copy()

    def split(self, n: int, labels: Any = None) -> tuple[Indices, Indices]:
        """Return the indices that train and that score, (train, validation), of your own n examples.

        They are always divided the same way: some never train, and the search, the race and the final runs are scored
        on different ones. With `labels` (n,), each class has its share in every part.
        """
        return self._own.split(self._cut, n, labels)

    @property
    def rungs(self) -> tuple[int, ...]:
        """The percents of the training at which it is scored, such as (25, 50, 100): yield an hpo.Score at each."""
        return self._assignment.rungs

    @property
    def seed(self) -> int:
        """The seed of this training, from 0 to 2**31 - 1: with the same seed the score must come out the same."""
        return self._seed

    @property
    def samples(self) -> int:
        """On how many examples it trains; 0 where the study leaves that to the function."""
        return self._assignment.samples

    @property
    def epochs(self) -> int:
        """The whole budget, 100 percent: passes over the data, or whatever the function counts."""
        return self._assignment.epochs

    @property
    def stage(self) -> str:
        """What it is for: "search", "race", "confirm", "full", ..."""
        return self._assignment.stage

    @property
    def test_allowed(self) -> bool:
        """Whether the test set may be opened."""
        return self._assignment.test_allowed

    @property
    def checkpoint(self) -> Path | None:
        """A folder in which this training may save itself before each yield, and find itself again; None without one.

        Where it is taken up in another process, the function is called anew, and may go on from what it finds here: it
        still yields a score at each of its rungs.
        """
        return self._checkpoint()

    def open_test(self, asked_by: str) -> Any:
        """Open the test set, once. Raises UserError where that is not allowed."""
        if not self.test_allowed:
            raise UserError(
                f"{asked_by}: the test set may not be opened in the stage {self.stage!r}; ask for it, and yield "
                "hpo.Test, only `if run.test_allowed:`"
            )
        if self._opened is None:
            try:
                self._opened = (self._open_test(),)
            except BaseException as error:
                self.refused = error
                raise
        return self._opened[0]

    def _given(self, asked: str) -> Examples:
        if self._examples is None:
            raise UserError(
                f"{asked}: this study has no [data]; name some, or divide your own with run.split(len(x), labels=y)"
            )
        return self._examples
