"""A worker: claims what is ready in the queue, trains it, writes down what came out, and waits when nothing is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from hpo.engine.heart import Heart
from hpo.engine.interrupts import Interrupted, StopRequest
from hpo.engine.queue import TrialQueue
from hpo.models.checkpoint import network_bytes
from hpo.record.commands import certify_command
from hpo.record.study import StudyRecord, coordinator_lease
from hpo.searching.queued import DONE, QueuedTrial
from hpo.storage.database import Database
from hpo.storage.datasets import Located
from hpo.storage.leases import Leases
from hpo.training.assignments import Assignment, assignment
from hpo.training.images import StudyData
from hpo.training.runs import RunResult, TrainingRun, Watch
from hpo.training.test_set_access import open_test_set

SHORTEST_WAIT, LONGEST_WAIT = 0.01, 0.5
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
        data: StudyData,
        located: Located,
        *,
        stop: StopRequest,
        announce: Callable[[str], None],
        on_idle: Callable[[], None],
        nudged: threading.Event,
    ) -> None:
        """Take `on_idle` to be called when there is nothing to do, and `nudged` to be set when there may be again."""
        self._database, self._study, self._data, self._located = database, study, data, located
        self._stop, self._announce, self._on_idle, self._nudged = stop, announce, on_idle, nudged
        self._record = StudyRecord(database, study)
        self._definition = self._record.definition
        self._leases = Leases(database.engine)
        queues = (study,) if self._record.certified is not None else (study, self._record.part_to_train())
        self._queues = [TrialQueue(database, each, self._leases) for each in queues]
        self._parked: dict[int, TrainingRun] = {}
        self._waiting_for = ""

    @property
    def holder(self) -> str:
        """The name by which it holds what it takes out of the queue."""
        return self._leases.holder.name

    def run(self) -> None:
        """Work until the study is done or a stop is requested."""
        heart = Heart(self._leases, self._announce)
        try:
            wait = SHORTEST_WAIT
            while not self._stop.requested:
                self._nudged.clear()
                if any(self._work_through(queue) for queue in self._queues):
                    wait, self._waiting_for = SHORTEST_WAIT, ""
                    continue
                self._record.refresh()
                if self._record.state == "done":
                    return
                if wait == SHORTEST_WAIT:
                    self._on_idle()
                if not self._nudged.wait(wait) and wait == LONGEST_WAIT:
                    self._look_around()
                wait = min(2 * wait, LONGEST_WAIT)
        finally:
            heart.stop()

    def _work_through(self, queue: TrialQueue) -> bool:
        """Train what is ready in one look at `queue`; say whether anything was."""
        trials = queue.trials()
        self._forget(queue, trials)
        worked = False
        for trial in sorted((t for t in trials if t.ready), key=self._preference):
            if self._stop.requested:
                break
            claimed = queue.claim(trial)
            if claimed is not None:
                self._train(queue, claimed)
                worked = True
        return worked

    def _preference(self, trial: QueuedTrial) -> tuple[bool, bool, int]:
        """Order what is ready: paused here first, then fresh trials, then those that others paused, from the back."""
        mine = trial.id in self._parked
        elsewhere = trial.reached > 0 and not mine
        return not mine, elsewhere, -trial.number if elsewhere else trial.number

    def _train(self, queue: TrialQueue, trial: QueuedTrial) -> None:
        """Train a claimed trial as far as it is allowed and write down how it stands there."""
        if self._definition.comparison is None and int(trial.attributes.get("round", 1)) > len(self._definition.rounds):
            self._record.refresh()  # the study got more rounds since this worker looked
            self._definition = self._record.definition
        try:
            task = assignment(self._definition, self._data, trial)
            watch = self._open_test_set(trial, task) if task.test == "along the curve" else None
            with self._stop.interruptible():
                run = self._parked.pop(trial.id, None) or self._start(trial, task)
            self._tell_on_the_way(queue, trial, run, watch, scores=task.reports_progress)
            with self._stop.interruptible():
                result = run.advance(trial.allowed, watch)
            attributes = self._attributes(result, done=trial.allowed == DONE)
            if task.test == "at the end":
                attributes["test_accuracy"] = self._open_test_set(trial, task)(run.networks[0])
            network = network_bytes(run.networks[0]) if task.keep_network else None
        except Interrupted:
            queue.give_back(trial)
            return
        except (ValueError, ArithmeticError, MemoryError, LookupError, TypeError) as error:
            # The last two come of what somebody else wrote into the trial; it must not end every worker in turn.
            reason = f"{type(error).__name__}: {error}"
            queue.fail(trial, reason)
            self._announce(f"trial {trial.number} failed: {reason}")
            return
        max_gap = self._definition.search.max_gap
        excess = None if max_gap is None or result.diverged else result.train_accuracy - result.score - max_gap
        if not queue.report(
            trial, trial.allowed, result.score, result.curve, attributes, network=network, constraint=excess
        ):
            self._announce(f"trial {trial.number} was given to another worker meanwhile; this result is dropped")
        elif trial.allowed < DONE:
            self._park(trial, run)

    def _tell_on_the_way(
        self, queue: TrialQueue, trial: QueuedTrial, run: TrainingRun, watch: Watch | None, *, scores: bool
    ) -> None:
        """Train nearly as far as is allowed, and where that takes long, say now and then how it stands.

        Without `scores` it says only how far it is: where rungs decide, a score would be taken for one of theirs.
        """
        told = time.monotonic()
        for percent in range(run.percent + TELL_PERCENT, trial.allowed, TELL_PERCENT):
            with self._stop.interruptible():
                result = run.advance(percent, watch)
            if run.percent < trial.allowed and time.monotonic() - told >= TELL_SECONDS:
                if scores:
                    queue.note(trial, run.percent, result.score)
                else:
                    queue.mark(trial, run.percent)
                told = time.monotonic()

    def _start(self, trial: QueuedTrial, task: Assignment) -> TrainingRun:
        """Return the training that `trial` asks for, at its beginning."""
        overrides = trial.attributes.get("overrides", {})
        network, training = self._definition.settings({**trial.config, **overrides})
        return TrainingRun(
            network,
            training,
            task.folds,
            classes=self._data.part.classes,
            epochs=task.epochs,
            evaluations=task.evaluations,
            rungs=self._definition.search.percents,
            seed=int(trial.attributes["seed"]),
        )

    def _open_test_set(self, trial: QueuedTrial, task: Assignment) -> Watch:
        return open_test_set(
            database=self._database,
            located=self._located,
            data=self._data,
            study=self._study,
            trial_id=trial.id,
            purpose=task.purpose,
        )

    def _attributes(self, result: RunResult, *, done: bool) -> dict[str, object]:
        """Return what the trial's attributes say of `result`; its curve says the rest, so a rung writes little."""
        attributes: dict[str, object] = {"reason": result.diverged} if result.diverged else {}
        attributes["train_accuracy"] = result.train_accuracy
        if done:
            attributes |= {
                "seconds": round(result.seconds, 3),
                "worker": self._leases.holder.name,
            }
            if result.test_accuracy is not None:
                attributes["test_accuracy"] = result.test_accuracy
        return attributes

    def _park(self, trial: QueuedTrial, run: TrainingRun) -> None:
        self._parked[trial.id] = run
        while len(self._parked) > MOST_PARKED:
            del self._parked[next(iter(self._parked))]

    def _forget(self, queue: TrialQueue, trials: Sequence[QueuedTrial]) -> None:
        """Let go of paused trainings whose trial is over."""
        if queue is self._queues[0]:
            alive = {trial.id for trial in trials if not trial.finished}
            self._parked = {key: run for key, run in self._parked.items() if key in alive}

    def _look_around(self) -> None:
        """After a while without work: return the trials of dead workers to the queue, and say what is waited for."""
        for queue in self._queues:
            for number in queue.reap(queue.trials()):
                self._announce(f"trial {number} lost its worker and is back in the queue")
        waiting_for = "waiting for trials of other workers"
        if not self._leases.is_taken(coordinator_lease(self._study)):
            waiting_for = f"waiting: no coordinator is running; to resume, run: {self._command()}"
        if waiting_for != self._waiting_for:
            self._announce(waiting_for)
        self._waiting_for = waiting_for

    def _command(self) -> str:
        """Return the command that moves what is worked on forward."""
        of = self._record.certified
        return self._record.command if of is None else certify_command(of)
