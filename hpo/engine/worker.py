"""A worker: claims what is ready in the queue, trains it, writes down what came out, and waits when nothing is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from hpo.definition.trainers.networks import NetworkTrainer
from hpo.engine.heart import Heart
from hpo.engine.interrupts import Interrupted, StopRequest
from hpo.engine.queue import TrialQueue
from hpo.engine.scores import constrained_values, curve_of, ending_fault
from hpo.record.commands import certify_command
from hpo.record.study import StudyRecord
from hpo.record.untrusted import UnreadableStudyError
from hpo.searching.constraints import worst_excess
from hpo.searching.metric import LARGEST
from hpo.searching.queued import DONE, QueuedTrial
from hpo.searching.reproduced import REPRODUCED, is_first
from hpo.storage.database import Database
from hpo.storage.datasets import Located
from hpo.storage.errors import UserError
from hpo.storage.holders import LEASE_SECONDS, Holder
from hpo.storage.notices import Notices
from hpo.storage.queue.rows import DamagedRowError
from hpo.training.assignments import assignment
from hpo.training.images import StudyData
from hpo.training.protocol import Assignment, OpenTest, Saves, Score, Trainer, Training, TrainingFailedError
from hpo.training.reproducing import trained_again
from hpo.training.test_set_access import open_test_set

SHORTEST_WAIT, LONGEST_WAIT, LONGEST_WAIT_UNTOLD = 0.02, 8.0, 2.0
"""Between two looks at a queue in which nothing was ready. Who is told when there is something looks less often."""

FIRST_LOOK_SECONDS, LOOK_AROUND_SECONDS = 2.0, LEASE_SECONDS
"""Without work, after which a worker says what it waits for, and between two looks for dead workers."""

NOTICES_A_STOP_SECONDS = 0.5

TELL_PERCENT, TELL_SECONDS = 5, 2.0
"""How often at most a long training that nobody judges on the way says how it stands."""

MOST_PARKED = 64
"""How many paused trainings a worker keeps in memory; beyond them the oldest is trained again from its seed."""


class Worker:
    """Trains the trials of one study until the study is done or a stop is requested."""

    def __init__(
        self,
        database: Database,
        study: str,
        trainer: Trainer,
        data: StudyData | None,
        located: Located | None,
        *,
        stop: StopRequest,
        announce: Callable[[str], None],
        on_idle: Callable[[], None],
        nudged: threading.Event,
        is_nudged: bool = False,
        holder: Holder | None = None,
    ) -> None:
        """Take the `trainer` of the study, and its data unless the trainer has its own.

        Take `on_idle` to be called when there is nothing to do, and `nudged` to be set when there may be again.

        `is_nudged` says that somebody does so: else the worker listens to what the database passes on.
        """
        self._database, self._study, self._data, self._located = database, study, data, located
        self._trainer = trainer
        self._stop, self._announce, self._on_idle, self._nudged = stop, announce, on_idle, nudged
        self._record = StudyRecord(database, study)
        self._definition = self._record.definition
        self._pool = int(self._record.data["pool"])
        self._queue = TrialQueue(database, self._record.id, holder)
        self._parked: dict[int, Training] = {}
        self._is_nudged = is_nudged
        self._waiting_for = ""

    @property
    def holder(self) -> str:
        """The name by which it holds what it takes out of the queue."""
        return self._queue.holder.name

    def run(self) -> None:
        """Work until the study is done or a stop is requested."""
        heart = Heart(self._queue.renew, self._announce)
        done = False
        try:
            while not done and not self._stop.requested:
                claimed = self._claim()
                if claimed is not None:
                    self._waiting_for = ""
                    self._train(claimed)
                else:
                    done = self._wait_for_more()
        finally:
            heart.stop()
            while self._parked:
                _end(self._parked.popitem()[1], over=done)
            self._trainer.close()

    def _claim(self) -> QueuedTrial | None:
        try:
            return self._queue.claim(list(self._parked))
        except DamagedRowError as error:
            raise UnreadableStudyError(self._study, str(error)) from error

    def _wait_for_more(self) -> bool:
        """Wait until there is something to claim again, and return False; True if nothing will be."""
        self._on_idle()
        self._forget()
        wait, looked_around = SHORTEST_WAIT, time.monotonic()
        with nullcontext(Notices()) if self._is_nudged else self._queue.listening() as notices:
            while not self._stop.requested:
                state, ready = self._queue.look()
                if state is None:
                    raise UserError(f"the study {self._study!r} is no longer in the database; was it deleted?")
                if state == "done" or ready:
                    return state == "done"
                longest = LONGEST_WAIT if self._is_nudged or notices.arrive else LONGEST_WAIT_UNTOLD
                wait = SHORTEST_WAIT if self._sleep(wait, notices) else min(2 * wait, longest)
                interval = LOOK_AROUND_SECONDS if self._waiting_for else FIRST_LOOK_SECONDS
                if time.monotonic() - looked_around > interval:
                    self._look_around()
                    looked_around = time.monotonic()
        return False

    def _sleep(self, seconds: float, notices: Notices) -> bool:
        """Wait for so long, or until somebody says that there may be something to do: then return True."""
        end = time.monotonic() + seconds
        while not self._stop.requested and (left := end - time.monotonic()) > 0:
            short = min(left, NOTICES_A_STOP_SECONDS)
            if self._nudged.is_set() or (notices.wait(short) if notices.arrive else self._nudged.wait(short)):
                self._nudged.clear()
                return True
        return False

    def _train(self, trial: QueuedTrial) -> None:
        """Train a claimed trial as far as it is allowed and write down how it stands there."""
        if self._definition.comparison is None and int(trial.attributes.get("round", 1)) > len(self._definition.rounds):
            self._record.refresh()  # the study got more rounds since this worker looked
            self._definition = self._record.definition
        training: Training | None = None
        try:
            task = assignment(self._definition, self._pool, trial)
            with self._stop.interruptible():
                training = self._parked.pop(trial.id, None) or self._start(trial, task)
            self._tell_on_the_way(trial, training, scores=not task.judged)
            with self._stop.interruptible():
                score = training.advance(trial.allowed)
            again = self._again(trial, task, score)
            kept = training.kept() if task.keeps and trial.allowed == DONE else None
        except Interrupted:
            self._queue.give_back(trial)
            _end(training)
            return
        except (TrainingFailedError, ValueError, ArithmeticError, MemoryError, LookupError, TypeError) as error:
            # The last two come of what somebody else wrote into the trial; it must not end every worker in turn.
            if isinstance(error, TrainingFailedError):
                ours = self._fail(trial, str(error), error.details)
            else:
                ours = self._fail(trial, f"{type(error).__name__}: {error}")
            _end(training, over=ours)
            return
        except UserError:  # a mistake that no other trial would be spared, which ends this worker
            self._queue.give_back(trial)
            _end(training)
            raise
        fault = ending_fault(self._definition.metric, score)
        if fault is not None:
            _end(training, over=self._fail(trial, fault))
            return
        ours = self._report(trial, score, kept, again)
        if ours and trial.allowed < DONE:
            self._park(trial, training)
        else:
            _end(training, over=ours)

    def _fail(self, trial: QueuedTrial, reason: str, details: str = "") -> bool:
        """End a trial as failed, and say whether it was still ours."""
        ours = self._queue.fail(trial, reason, details)
        self._announce(f"trial {trial.number} failed: {reason}")
        return ours

    def _again(self, trial: QueuedTrial, task: Assignment, score: Score) -> dict[str, Any]:
        """Train the first trial of a study twice more to its first rung, to see whether its trainer heeds its seed.

        Nothing is decided by it. Our networks do.
        """
        ours = isinstance(self._definition.trainer, NetworkTrainer)
        if ours or trial.reached or score.reason or not self._definition.abilities.seed:
            return {}
        if self._definition.comparison is not None or not is_first(trial.attributes):
            return {}
        with self._stop.interruptible():
            return {
                REPRODUCED: trained_again(
                    self._trainer, self._definition.space.whole(trial.config), task, trial.allowed, score
                )
            }

    def _report(self, trial: QueuedTrial, score: Score, kept: bytes | None, beside: Mapping[str, Any]) -> bool:
        """Write down how a trial stands, with what else is known of it, and say whether it was still ours."""
        excess = worst_excess(self._definition.bounds, constrained_values(self._definition.metric, score))
        attributes = {**self._attributes(score, done=trial.allowed == DONE), **beside}
        written = self._queue.report(
            trial, trial.allowed, score.value, curve_of(score), attributes, network=kept, constraint=excess
        )
        if not written:
            self._announce(f"trial {trial.number} was given to another worker meanwhile; this result is dropped")
        return written

    def _tell_on_the_way(self, trial: QueuedTrial, training: Training, *, scores: bool) -> None:
        """Train nearly as far as is allowed, and where that takes long, say now and then how it stands.

        Without `scores` it says only how far it is: where rungs decide, a score would be taken for one of theirs. Only
        a training that can be stopped anywhere is told so: others know their rungs.
        """
        if not self._trainer.stops_anywhere:
            return
        told = time.monotonic()
        for percent in range(training.percent + TELL_PERCENT, trial.allowed, TELL_PERCENT):
            with self._stop.interruptible():
                score = training.advance(percent)
            if training.percent < trial.allowed and time.monotonic() - told >= TELL_SECONDS:
                self._queue.note(trial, training.percent, score.value if scores else None)
                told = time.monotonic()

    def _start(self, trial: QueuedTrial, task: Assignment) -> Training:
        """Return the training that `trial` asks for, at its beginning."""
        overrides = trial.attributes.get("overrides", {})
        values = self._definition.space.whole({**trial.config, **overrides})
        return self._trainer.start(values, task, self._door(trial, task))

    def _door(self, trial: QueuedTrial, task: Assignment) -> OpenTest:
        """Return what opens the test set for `trial`, once, in the ledger first."""
        opened: list[Any] = []

        def open_test() -> Any:
            if not task.test_allowed:
                raise TrainingFailedError(f"the test set is not to be opened in the stage {task.stage!r}")
            if not opened:
                with self._stop.shielded():
                    part = open_test_set(
                        database=self._database,
                        located=self._located,
                        data=self._data,
                        study=self._study,
                        trial_id=trial.id,
                        purpose=task.purpose,
                    )
                    opened.append(part)
            return opened[0]

        return open_test

    def _attributes(self, score: Score, *, done: bool) -> dict[str, object]:
        """Return what the trial's attributes say of `score`; its curve says the rest, so a rung writes little."""
        attributes: dict[str, object] = {"reason": score.reason} if score.reason else {}
        metric = self._definition.metric
        if score.train is not None and metric.fault(score.train) is None:
            attributes["train_accuracy"] = score.train
        if others := {name: value for name, value in score.others.items() if abs(value) <= LARGEST}:
            attributes["metrics"] = others
        if done:
            attributes |= {
                "seconds": round(score.seconds, 3),
                "worker": self._queue.holder.name,
            }
            if score.test is not None and metric.fault(score.test) is None:
                attributes["test_accuracy"] = score.test
        return attributes

    def _park(self, trial: QueuedTrial, training: Training) -> None:
        self._parked[trial.id] = training
        while len(self._parked) > MOST_PARKED:
            _end(self._parked.pop(next(iter(self._parked))))

    def _forget(self) -> None:
        """Let go of paused trainings whose trial is over."""
        if self._parked:
            alive = self._queue.unfinished(list(self._parked))
            for key in [key for key in self._parked if key not in alive]:
                _end(self._parked.pop(key), over=True)

    def _look_around(self) -> None:
        """After a while without work: say what is waited for, and where nobody leads, look for dead workers' trials."""
        waiting_for = "waiting for trials of other workers"
        if not self._queue.is_led():
            for number in self._queue.reap():
                self._announce(f"trial {number} lost its worker and is back in the queue")
            waiting_for = f"waiting: no coordinator is running; to resume, run: {self._command()}"
        if waiting_for != self._waiting_for:
            self._announce(waiting_for)
        self._waiting_for = waiting_for

    def _command(self) -> str:
        """Return the command that moves what is worked on forward."""
        of = self._record.certified
        return self._record.command if of is None else certify_command(of)


def _end(training: Training | None, *, over: bool = False) -> None:
    """Let go of a training; where its trial is `over`, also of what it has saved."""
    if training is not None:
        training.close()
        if over and isinstance(training, Saves):
            training.forget()
