"""One call of a training function, from its start to its end: what it gives back is checked here, and said if wrong."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hpo.searching.metric import Metric
from hpo.searching.queued import DONE
from hpo.training.functions.faults import failed
from hpo.training.functions.global_random import GlobalRandom
from hpo.training.functions.printed import Printed
from hpo.training.functions.run import Run
from hpo.training.functions.scores import Score, Test, number, shortened
from hpo.training.protocol import TrainingFailedError

_NOT_BEGUN, _ENDED = object(), object()


class Call:
    """A call of `begin`, which is a generator, to be gone on with, or a function that returns the score at once."""

    def __init__(self, begin: Callable[[], Any], name: str, run: Run, metric: Metric) -> None:
        self._begin, self._name, self._run, self._metric = begin, name, run, metric
        self._result: Any = _NOT_BEGUN
        self._random, self._printed = GlobalRandom(run.seed), Printed()
        self._reached = 0
        self._latest: Score | None = None
        self.test: float | None = None
        """Its score on the test set, where it was opened."""
        self.seconds = 0.0
        """Spent in the function."""

    @property
    def percent(self) -> int:
        """How far it is."""
        return self._run.rungs[self._reached - 1] if self._reached else 0

    @property
    def latest(self) -> Score:
        """How it stands."""
        assert self._latest is not None, "it was not gone on with"
        return self._latest

    def go_on(self) -> None:
        """Train to the next rung. Raises TrainingFailedError where the function fails, or gives back what is wrong."""
        first = self._result is _NOT_BEGUN
        self._to_the_next_rung()
        if first and self._random.torch_came_late:
            self._start_again()
        if self.percent == DONE:
            self._end()

    def close(self) -> None:
        """End the generator, whatever it says to that."""
        result, self._result = self._result, _ENDED
        if inspect.isgenerator(result):
            try:
                with self._random.active(), self._printed.listening():
                    result.close()
            except Exception:  # it is over, and nobody asks any more
                return

    def _start_again(self) -> None:
        """Train from the beginning: with torch's random numbers, too, seeded; they could not be before it was there."""
        self.close()
        self._random = GlobalRandom(self._run.seed)
        self._run.forget_checkpoint()
        self._result, self._reached, self._latest, self.test = _NOT_BEGUN, 0, None, None
        self._to_the_next_rung()

    def _to_the_next_rung(self) -> None:
        if self._result is _NOT_BEGUN:
            with self._theirs():
                self._result = self._begin()
            self._check_kind()
        if not inspect.isgenerator(self._result):
            self._take(self._returned(self._result))
            return
        while True:
            given = self._next(self._result)
            if given is _ENDED:
                raise self._wrong(
                    f"yielded {self._reached or 'no'} score{'s' * (self._reached != 1)} and ended; {self._rule}"
                )
            if isinstance(given, Test):
                self._take_test(given.value)
            else:
                self._take(self._yielded(given))
                return

    def _end(self) -> None:
        """Let the generator end behind its last score: only a score on the test set may come there."""
        if not inspect.isgenerator(self._result):
            return
        while (given := self._next(self._result)) is not _ENDED:
            if not isinstance(given, Test):
                raise self._wrong(f"yielded {shortened(given)} after the score at {DONE} percent; {self._rule}")
            self._take_test(given.value)
        self._result = _ENDED

    def _next(self, generator: Iterator[Any]) -> Any:
        with self._theirs():
            return next(generator, _ENDED)

    @contextmanager
    def _theirs(self) -> Iterator[None]:
        """Run the user's code: with its own random numbers, its output kept aside, and its errors as reasons."""
        began = time.perf_counter()
        try:
            with self._random.active(), self._printed.listening():
                yield
        except (Exception, SystemExit) as error:
            if self._run.refused is not None:
                raise self._run.refused from None
            raise failed(error, self._printed.text) from error
        finally:
            self.seconds += time.perf_counter() - began

    def _check_kind(self) -> None:
        if inspect.isasyncgen(self._result) or inspect.iscoroutine(self._result):
            if inspect.iscoroutine(self._result):
                self._result.close()
            raise self._wrong("is an async function; write it with def, and without await")

    def _returned(self, value: Any) -> Score:
        if value is None:
            raise self._wrong(
                f"returned nothing; return the {self._metric.name}, or yield hpo.Score at each of run.rungs"
            )
        if isinstance(value, Test):
            raise self._wrong("returned an hpo.Test; return hpo.Score(value, test=...)")
        return self._score(value, "returned")

    def _yielded(self, value: Any) -> Score:
        if value is None:
            raise self._wrong("yielded nothing; yield hpo.Score(value) at each of run.rungs")
        return self._score(value, "yielded")

    def _score(self, value: Any, gave: str) -> Score:
        if isinstance(value, Score):
            return value
        if isinstance(value, tuple | list | dict | set):
            raise self._wrong(
                f"{gave} {len(value)} values, {shortened(value)}; expected one number, or "
                "hpo.Score(value, train=..., others by name)"
            )
        try:
            return Score(number(value, f"what {self._name} {gave}"))
        except TypeError as error:
            raise TrainingFailedError(f"{error}, or hpo.Score(number)") from error

    def _take(self, score: Score) -> None:
        self._check(score.value, "")
        if score.train is not None:
            self._check(score.train, "train: ")
        if score.test is not None:
            self._take_test(score.test)
        self._latest = score
        self._reached = self._reached + 1 if inspect.isgenerator(self._result) else len(self._run.rungs)

    def _take_test(self, value: float) -> None:
        if not self._run.test_allowed:
            raise self._wrong(
                f"gave a score on the test set in the stage {self._run.stage!r}, where it may not be opened; "
                "do that only `if run.test_allowed:`"
            )
        if self.test is not None:
            raise self._wrong("gave two scores on the test set; expected one")
        self._check(value, "test: ")
        self._run.open_test("hpo.Test")
        self.test = value

    def _check(self, value: float, which: str) -> None:
        fault = self._metric.fault(value)
        if fault is None:
            return
        hint = "; give a share from 0 to 1, not percent" if self._metric.is_share and 1 < value <= 100 else ""
        raise TrainingFailedError(f"{which}{fault}{hint}", self._printed.text)

    @property
    def _rule(self) -> str:
        rungs = ", ".join(map(str, self._run.rungs))
        return f"it must yield one hpo.Score at each of run.rungs ({rungs})"

    def _wrong(self, text: str) -> TrainingFailedError:
        return TrainingFailedError(f"{self._name} {text}", self._printed.text)
