"""Processes that are forked from here, get ready, and start together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from tests.benchmarks.queue.meters import Meter, memory_mb

GIVE_UP_SECONDS = 600.0

Work: TypeAlias = Callable[[], Mapping[str, Any]]
"""What is timed, when everything is ready; it returns what it has to say."""
Job: TypeAlias = Callable[[Meter], Work]
"""Gets ready in a process of its own, lets the meter watch its engines, and returns its work."""


class Team:
    """Processes that are ready, and wait for the word to start."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        context = multiprocessing.get_context("fork")
        self._ends, self._members = [], []
        for job in jobs:
            mine, theirs = context.Pipe()
            member = context.Process(target=_member, args=(job, theirs), daemon=True)
            member.start()
            theirs.close()
            self._ends.append(mine)
            self._members.append(member)
        for end in self._ends:
            _receive(end)

    @property
    def pids(self) -> list[int]:
        """The process ids."""
        return [int(member.pid or 0) for member in self._members]

    def start(self) -> float:
        """Let all of them work; return when that was, by the monotonic clock."""
        for end in self._ends:
            end.send("go")
        return time.monotonic()

    def results(self) -> list[dict[str, Any]]:
        """Return what each of them said at its end, with what its meter counted."""
        found = [_receive(end) for end in self._ends]
        for member in self._members:
            member.join()
        return found

    def end(self) -> None:
        """End those that still run."""
        for member in self._members:
            member.kill()
            member.join()


@contextmanager
def team(jobs: Sequence[Job]) -> Iterator[Team]:
    """Give the processes of `jobs`, ready to start; none outlives this context."""
    made = Team(jobs)
    try:
        yield made
    finally:
        made.end()


def in_a_process(work: Work) -> dict[str, Any]:
    """Return what `work` returns in a process of its own, so that the next fork inherits no connection."""
    with team([lambda meter: work]) as made:
        made.start()
        return made.results()[0]


def _member(job: Job, end: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        meter = Meter()
        work = job(meter)
        end.send({})
        end.recv()
        meter.start()
        said = dict(work())
        end.send({**said, **meter.record(), "ended": time.monotonic(), "memory_mb": memory_mb()})
    except BaseException:  # whatever it is, the parent says it
        end.send({"error": traceback.format_exc()})
    finally:
        end.close()
        os._exit(0)  # no handler of the parent's, and no thread of a library's, holds it up


def _receive(end: Connection) -> dict[str, Any]:
    if not end.poll(GIVE_UP_SECONDS):
        raise TimeoutError(f"a process of the benchmark said nothing for {GIVE_UP_SECONDS:.0f} s")
    try:
        said = end.recv()
    except EOFError:
        raise RuntimeError("a process of the benchmark died") from None
    if "error" in said:
        raise RuntimeError(f"a process of the benchmark failed:\n{said['error']}")
    return dict(said)
