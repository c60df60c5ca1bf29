"""What the end needs is loaded once, late, and beside everything else."""

from __future__ import annotations

import threading

from hpo.cli.foresight import LoadingLate
from hpo.engine.driving import Telling
from hpo.engine.progress import Progress


def at(work: float) -> Progress:
    return Progress("round 1", 0, 10, None, work, 10.0, True, 0, 0)


def test_nothing_is_loaded_before_most_of_the_work_is_done_and_then_once() -> None:
    loaded, said = threading.Semaphore(0), []
    watcher = LoadingLate(Telling(said.append), loaded.release)
    watcher.say("a study")
    for work in (0.0, 3.0, 6.9):
        watcher.update(at(work))
    assert not loaded.acquire(timeout=0.05)
    for work in (7.0, 9.0, 10.0):
        watcher.update(at(work))
    assert loaded.acquire(timeout=10)
    assert not loaded.acquire(timeout=0.05)
    assert said == ["a study", "round 1"]


def test_what_cannot_be_loaded_holds_nothing_up() -> None:
    tried = threading.Event()

    def fail() -> None:
        tried.set()
        raise ImportError("no such library")

    watcher = LoadingLate(Telling(), fail)
    watcher.update(at(10.0))
    assert tried.wait(10)
    watcher.update(at(10.0))
