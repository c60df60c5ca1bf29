"""What it costs when nothing is to be done: workers and a leader that wait, and connections, idle and busy."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hpo.engine.heart import Heart
from hpo.engine.queue import TrialQueue
from hpo.record.study import StudyRecord
from hpo.storage.database import Database
from tests.benchmarks.queue.meters import Meter, open_connections
from tests.benchmarks.queue.ours import enqueued, worker
from tests.benchmarks.queue.places import Place
from tests.benchmarks.queue.processes import Work, team
from tests.benchmarks.queue.stub import Stub
from tests.benchmarks.queue.whole_runs import Words, leader

WORKERS = 16
TRIALS = 20
SETTLING = 20.0
"""Seconds until everybody waits as long as they ever do; nothing is counted before."""
BUSY_WORKERS, BUSY_TRIALS, BUSY_PAUSE, BUSY_SECONDS = 4, 600, 0.05, 7.0
"""Trials that take a moment, and longer in all than it takes until leases are renewed."""


def measure_idle(place: Place, seconds: float, tick: Callable[[str], None]) -> dict[str, Any]:
    """Return the CPU share and the statements a second of WORKERS workers and a leader that wait for `seconds`.

    The trials of the round are all being trained by somebody else, who renews their leases. With them stand the most
    connections that a worker had, waiting and busy.
    """
    with tempfile.TemporaryDirectory(prefix="hpo-queue-") as folder:
        tick(f"{place.kind}: {WORKERS} idle workers for {seconds:.0f} s")
        url, stub = enqueued(place, "idle", TRIALS, Path(folder))
        with team([lambda meter: _somebody_else(url, stub)]) as holder:
            holder.start()
            found = _waiting(place, url, stub, seconds)
        place.drop(url)
        tick(f"{place.kind}: {BUSY_WORKERS} busy workers for {BUSY_SECONDS:.0f} s")
        url, stub = enqueued(place, "busy", BUSY_TRIALS, Path(folder), pause=BUSY_PAUSE)
        with team([lambda meter: worker(url, stub, meter, seconds=BUSY_SECONDS)] * BUSY_WORKERS) as busy:
            busy.start()
            most = _most_connections(busy.pids, url, BUSY_SECONDS - 0.5)
            busy.results()
        place.drop(url)
    return {"workers": WORKERS, "seconds": seconds, **found, "connections_busy": most}


def _waiting(place: Place, url: str, stub: Stub, seconds: float) -> dict[str, Any]:
    words = Words(WORKERS)

    def waits(i: int) -> Callable[[Meter], Work]:
        def job(meter: Meter) -> Work:
            until = SETTLING + seconds
            work = worker(url, stub, meter, seconds=until, stays=True, idle=words.idle, nudged=words.nudged[i])
            return lambda: _settled(work, meter)

        return job

    def leads(meter: Meter) -> Work:
        work = leader(url, stub, words, meter)

        def until_asked() -> dict[str, Any]:
            _after(SETTLING + seconds, lambda: os.kill(os.getpid(), signal.SIGTERM))
            return dict(_settled(work, meter))

        return until_asked

    with team([leads, *map(waits, range(WORKERS))]) as everybody:
        everybody.start()
        time.sleep(SETTLING)
        server = place.cpu()
        most = _most_connections(everybody.pids[1:], url, seconds - 0.5, every=seconds / 4)
        server = place.cpu() - server
        said = everybody.results()
    return {
        "cpu_share": sum(each["cpu"] for each in said) / seconds,
        "server_cpu_share": server / seconds,
        "statements_a_second": sum(each["statements"] for each in said) / seconds,
        "transactions_a_second": sum(each["transactions"] for each in said) / seconds,
        "leader_cpu_share": said[0]["cpu"] / seconds,
        "leader_statements_a_second": said[0]["statements"] / seconds,
        "connections_idle": most,
    }


def _settled(work: Work, meter: Meter) -> Any:
    """Work, and count from the end of the settling on."""
    _after(SETTLING, meter.start)
    return work()


def _after(seconds: float, what: Callable[[], object]) -> None:
    clock = threading.Timer(seconds, what)
    clock.daemon = True
    clock.start()


def _somebody_else(url: str, stub: Stub) -> Work:
    """Claim all that is ready, and keep it."""
    database = Database(url)
    queue = TrialQueue(database, StudyRecord(database, stub.definition.name).id)
    while queue.claim() is not None:
        pass
    Heart(queue.renew, lambda _: None)

    def keep() -> dict[str, float]:
        while True:
            time.sleep(60)

    return keep


def _most_connections(pids: Sequence[int], url: str, seconds: float, every: float = 0.25) -> int:
    """Return the most connections that one of the processes was seen to have in so many seconds."""
    until, most = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        most = max(most, *(open_connections(pid, url) for pid in pids))
        time.sleep(min(every, max(0.0, until - time.monotonic())))
    return most
