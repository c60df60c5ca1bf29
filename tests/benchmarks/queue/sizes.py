"""What a study costs by its number of trials: a trial's CPU, a worker's memory, enqueueing, a look.

A study is filled round by round: the leader opens a round, which is timed, then two workers drain it. What is told of
a study is of its last round, with all the other trials beside it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hpo.engine.coordinator import Coordinator
from hpo.storage.database import Database
from tests.benchmarks.queue.ours import create, lead, worker
from tests.benchmarks.queue.places import Place
from tests.benchmarks.queue.processes import in_a_process, team
from tests.benchmarks.queue.stub import Stub, stub_study

LARGEST_ROUND = 10_000
WORKERS = 2
FINAL_RUNS = 7
"""What the study's final part may come to: of a study's number of trainings, whose limit is 100,000, they are some."""


def measure_sizes(place: Place, sizes: Sequence[int], tick: Callable[[str], None]) -> dict[str, Any]:
    """Return, by number of trials, what a study of so many costs."""
    return {str(size): _study(place, size, tick) for size in sizes}


def _study(place: Place, trials: int, tick: Callable[[str], None]) -> dict[str, float]:
    rounds = [min(LARGEST_ROUND, trials - start) for start in range(0, trials, LARGEST_ROUND)]
    rounds[-1] -= FINAL_RUNS
    with tempfile.TemporaryDirectory(prefix="hpo-queue-") as folder:
        stub, url = stub_study(Path(folder), rounds), place.new(f"size_{trials}")

        def new() -> dict[str, float]:
            with Database(url) as database:
                create(database, stub)
            return {}

        in_a_process(new)
        opening = 0.0
        for number in range(len(rounds)):
            tick(f"{place.kind}: a study of {trials:,} trials, round {number + 1} of {len(rounds)}")
            opened = in_a_process(lambda: _open(url, stub))
            opening += opened["seconds"]
            drained = _drain(place, url, stub)
        looked = in_a_process(lambda: _look(url, stub))
        place.drop(url)
    return {
        "enqueue_seconds": opening,
        "leader_memory_mb": opened["memory_mb"],
        **drained,
        "first_look_seconds": looked["first"],
        "look_seconds": looked["second"],
    }


def _open(url: str, stub: Stub) -> dict[str, float]:
    """Open the next round as a leader does: box, proposals, and all of them in the queue."""
    with Database(url) as database:
        started = time.perf_counter()
        lead(database, stub)
        seconds = time.perf_counter() - started
    return {"seconds": seconds}


def _drain(place: Place, url: str, stub: Stub) -> dict[str, float]:
    with team([lambda meter: worker(url, stub, meter) for _ in range(WORKERS)]) as made:
        before = place.cpu()
        started = made.start()
        said = made.results()
        server = place.cpu() - before
    done = sum(each["done"] for each in said)
    return {
        "trials_a_second": done / (max(each["ended"] for each in said) - started),
        "worker_ms": 1e3 * sum(each["cpu"] for each in said) / done,
        "server_ms": 1e3 * server / done,
        "memory_mb": max(each["memory_mb"] or 0.0 for each in said),
    }


def _look(url: str, stub: Stub) -> dict[str, float]:
    """Look as a leader does that has just been started, and once more, when nothing has changed."""
    with Database(url) as database:
        leader = Coordinator(database, stub.definition.name, lambda _: None)
        taken = []
        for _ in range(2):
            started = time.perf_counter()
            leader._look()
            taken.append(time.perf_counter() - started)
    return {"first": taken[0], "second": taken[1]}
