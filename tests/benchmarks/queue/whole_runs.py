"""Whole runs: a leader that proposes, enqueues and judges at the rungs, and its workers, to the end of the final part.

Beside it Optuna's `optimize` with as many trials, its own successive halving at the same rungs, and no final part.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo.engine.coordinator import Coordinator
from hpo.engine.driving import Telling, drive
from hpo.storage.database import Database
from tests.benchmarks.queue import optuna_sides
from tests.benchmarks.queue.drains import drain
from tests.benchmarks.queue.meters import Meter
from tests.benchmarks.queue.ours import OURS, create, worker
from tests.benchmarks.queue.places import Place
from tests.benchmarks.queue.processes import Job, Work, team
from tests.benchmarks.queue.spreads import spread
from tests.benchmarks.queue.stub import Stub, stub_study

SHARES = (0.25, 0.5)
"""The rungs, beside the end."""


class Words:
    """What leader and workers tell each other, as over the pipes of a run."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("fork")
        self.idle = context.Event()
        self.nudged = [context.Event() for _ in range(workers)]


@dataclass(frozen=True)
class Elsewhere:
    """A launcher whose workers have been started before, in processes that are not its own."""

    words: Words

    def wait(self, seconds: float) -> bool:
        told = self.words.idle.wait(seconds)
        self.words.idle.clear()
        return told

    def nudge(self) -> None:
        for each in self.words.nudged:
            each.set()

    def look_after(self) -> None:
        pass

    def stop(self) -> None:
        self.nudge()


def leader(url: str, stub: Stub, words: Words, meter: Meter) -> Work:
    """Return the work of a leader that is connected: all that `drive` does."""
    database = Database(url)
    meter.watch(database.engine)

    def work() -> dict[str, float]:
        started = time.monotonic()
        drive(
            lambda announce: Coordinator(database, stub.definition.name, announce),
            lambda announce: Elsewhere(words),
            watcher=Telling(),
        )
        return {"done": 0, "took": time.monotonic() - started}

    return work


def whole_run(place: Place, name: str, stub: Stub, workers: int) -> dict[str, float]:
    """Run `stub` to its end, once."""
    url, words = place.new(name), Words(workers)
    trials = sum(each.trials for each in stub.definition.rounds)

    def led(meter: Meter) -> Work:
        with Database(url) as database:
            create(database, stub)
        return leader(url, stub, words, meter)

    def works(i: int) -> Job:
        def job(meter: Meter) -> Work:
            return worker(url, stub, meter, stays=True, idle=words.idle, nudged=words.nudged[i])

        return job

    with team([led]) as leading, team([works(i) for i in range(workers)]) as working:
        before = place.cpu()
        working.start()
        leading.start()
        (mine,) = leading.results()
        said = working.results()
        server = place.cpu() - before
    place.drop(url)
    a_trial = 1 / trials
    return {
        "seconds": mine["took"],
        "trials_a_second": trials / mine["took"],
        "transactions": (sum(each["transactions"] for each in said) + mine["transactions"]) * a_trial,
        "statements": (sum(each["statements"] for each in said) + mine["statements"]) * a_trial,
        "worker_ms": 1e3 * sum(each["cpu"] for each in said) * a_trial,
        "leader_ms": 1e3 * mine["cpu"] * a_trial,
        "server_ms": 1e3 * server * a_trial,
    }


def measure_whole_runs(
    place: Place,
    *,
    trials: int,
    workers: Sequence[int],
    repetitions: int,
    seconds: float,
    tick: Callable[[str], None],
) -> dict[str, Any]:
    """Return, by number of workers, our whole runs, Optuna's, and the ratio of their trials a second."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hpo-queue-") as folder:
        stub = stub_study(Path(folder), [trials - trials // 2, trials // 2], rungs=SHARES)
        for size in workers:
            mine, theirs = [], []
            for turn in range(repetitions):
                tick(f"{place.kind}: whole runs, {size} workers, turn {turn + 1} of {repetitions}")
                mine.append(whole_run(place, f"whole_{size}_{turn}", stub, size))
                theirs.append(
                    drain(
                        lambda name: optuna_sides.optimize(place, name, rungs=True),
                        f"halving_{size}_{turn}",
                        trials=trials,
                        workers=size,
                        seconds=seconds,
                    ).trials_a_second
                )
            rates = [each["trials_a_second"] for each in mine]
            found[str(size)] = {
                OURS: _spreads(mine),
                optuna_sides.OPTIMIZE: {"trials_a_second": spread(theirs)},
                "times": spread([a / b for a, b in zip(rates, theirs, strict=True)]),
            }
    return found


def _spreads(runs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    return {field: spread([each[field] for each in runs]) for field in runs[0]}
