"""Our side: the product's worker, leader and database, with a stub in the place of a network's training."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

from hpo.engine.coordinator import Coordinator
from hpo.engine.interrupts import StopRequest
from hpo.engine.worker import Worker
from hpo.record.study import StudyRecord
from hpo.searching.queued import DONE, QueuedTrial
from hpo.storage.database import Database
from tests.benchmarks.queue.meters import Meter
from tests.benchmarks.queue.places import Place
from tests.benchmarks.queue.processes import Job, Work, in_a_process
from tests.benchmarks.queue.sides import Offer
from tests.benchmarks.queue.stub import Stub, stub_study

OURS = "ours"


class Signal(Protocol):
    """An event of this process, or of several."""

    def set(self) -> None: ...
    def clear(self) -> None: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class StubWorker(Worker):
    """The product's worker, which trains nothing, and counts what it claims.

    Where it `stays`, it tells `idle` that it finds nothing to claim; otherwise it leaves then.
    """

    def __init__(self, database: Database, stub: Stub, *, stays: bool, idle: Signal | None, nudged: Signal) -> None:
        self._asked = StopRequest()
        self.claims = self.done = 0
        super().__init__(
            database,
            stub.definition.name,
            stub,
            stub.data,
            stub.located,
            stop=self._asked,
            announce=lambda _: None,
            on_idle=self.leave if not stays else idle.set if idle else lambda: None,
            nudged=cast("threading.Event", nudged),
            is_nudged=stays,
        )

    def warm_up(self) -> None:
        """Train one trial, which counts nowhere: a process's first one compiles its statements."""
        claimed = self._claim()
        if claimed is not None:
            self._train(claimed)
        self.claims = self.done = 0

    def work(self, seconds: float | None = None) -> dict[str, int]:
        """Work until it is time to leave, after `seconds` at the latest; return what was done."""
        if seconds is not None:
            clock = threading.Timer(seconds, self.leave)
            clock.daemon = True
            clock.start()
        self.run()
        return {"done": self.done, "claims": self.claims, "errors": 0}

    def leave(self) -> None:
        """Ask it to leave after its trial."""
        self._asked.requested = True

    def _claim(self) -> QueuedTrial | None:
        self.claims += 1
        claimed = super()._claim()
        self.done += claimed is not None and claimed.allowed == DONE
        return claimed


@contextmanager
def ours(place: Place, template: str, stub: Stub, name: str, *, durable: bool | None = None) -> Iterator[Offer]:
    """Offer a copy of `template`; `durable` says whether every write is, in place of those that the product chooses."""
    url = place.copy(template, name)

    def job(trials: int, seconds: float) -> Job:
        del trials  # each claims what is there
        return lambda meter: worker(url, stub, meter, seconds=seconds, durable=durable)

    yield job, place.cpu
    place.drop(url)


def worker(
    url: str,
    stub: Stub,
    meter: Meter,
    *,
    seconds: float | None = None,
    stays: bool = False,
    idle: Signal | None = None,
    nudged: Signal | None = None,
    durable: bool | None = None,
) -> Work:
    """Return the work of one worker that is connected, and has trained a trial unless it `stays`."""
    database = Database(url, checked=True)  # as a crew does, which has looked
    if durable is not None:
        database._writer = database._durable_writer = database._durable_writer if durable else database._writer
    meter.watch(database.engine)
    made = StubWorker(database, stub, stays=stays, idle=idle, nudged=nudged or threading.Event())
    if not stays:
        made.warm_up()
    return lambda: made.work(seconds)


def enqueued(place: Place, name: str, trials: int, folder: Path, *, pause: float = 0.0) -> tuple[str, Stub]:
    """Return the URL of a database with one round of `trials` in the queue, and its study."""
    url, stub = place.new(name), stub_study(folder, [trials], pause=pause)

    def enqueue() -> dict[str, float]:
        with Database(url) as database:
            create(database, stub)
            lead(database, stub)
        return {}

    in_a_process(enqueue)
    return url, stub


def create(database: Database, stub: Stub) -> None:
    """Create the study."""
    StudyRecord.create(database, stub.definition, stub.data.summary(), stub.located.record())


def lead(database: Database, stub: Stub) -> Coordinator:
    """Let a leader do all that it can now, and let go."""
    leader = Coordinator(database, stub.definition.name, lambda _: None)
    leader.step()
    while leader.advanced:
        leader.step()
    leader.release()
    return leader
