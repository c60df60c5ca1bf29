"""Running a program to its end, or to where it has to be ended; when this returns, nothing of it is left."""

from __future__ import annotations

import json
import os
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from hpo.training.programs.guards import Guards
from hpo.training.programs.output import Tail

GRACE_SECONDS = 3.0
"""What a program that is asked to end (SIGTERM) has for it before it is killed, much less than a worker itself has."""

SLOWEST_END_SECONDS = 5.0
"""What its guard may take beyond that, before it is killed itself."""

LAST_OUTPUT_SECONDS = 1.0
"""How long what was written before the end is waited for, should something else hold the pipe."""

_CHUNK = 1 << 16

How = Literal["ended", "failed", "memory", "stopped", "minutes", "lost"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program ended: by itself with `code` (negative: by a signal); it could not be started (`code` is the error
    number, and `place` says of what: program, folder); it took too much memory, or too long; somebody stopped it; or
    nobody knows, as its guard was killed ("lost").

    seconds: how long it ran. peak: the most bytes of memory that one of its processes took, 0 where that is not known.
    errors: the end of its standard error. stays: whether its guard is there for the next.
    """

    how: How
    code: int = 0
    place: str = ""
    seconds: float = 0.0
    peak: int = 0
    errors: str = ""
    stays: bool = False


class RunningProgram:
    """One program, from its start to its end."""

    def __init__(
        self, command: Sequence[str], folder: Path, guards: Guards, *, memory: int = 0, scratch: Path | None = None
    ) -> None:
        """Start `command` in `folder`; `memory` bytes are what it may take, 0: as many as there are.

        Should this process die, the folder `scratch` is deleted when the program has been ended.
        """
        request = {
            "command": list(command),
            "folder": str(folder),
            "memory": memory,
            "scratch": str(scratch or ""),
            "grace": GRACE_SECONDS,
        }
        self._started = time.monotonic()
        self._guards, self._guard = guards, guards.take()
        self._lock = threading.Lock()
        self._stopped = self._over = False
        self._streams = []
        theirs = []
        try:
            for _ in range(2):
                ours, other = os.pipe()
                self._streams.append(ours)
                theirs.append(other)
            self._guard.ask(request, theirs)
        except BaseException:
            self._guard.end()
            for stream in self._streams:
                os.close(stream)
            raise
        finally:
            for stream in theirs:
                os.close(stream)

    def wait(self, hear: Callable[[bytes], None], seconds: float | None = None) -> Ending:
        """Return how it ends, after `seconds` at most; `hear` is given what it writes to its standard output.

        Whatever is raised meanwhile, by `hear` or by a signal, ends the program first.
        """
        errors, report = Tail(), Tail()
        with selectors.DefaultSelector() as streams:
            streams.register(self._guard.connection, selectors.EVENT_READ, report.add)
            for stream, to in zip(self._streams, (hear, errors.add), strict=True):
                streams.register(stream, selectors.EVENT_READ, to)
            in_time = False
            try:
                in_time = self._pump(streams, report, None if seconds is None else self._started + seconds)
            finally:
                if not in_time:
                    self.stop()
                self._finish(streams, report)
        ending = _read(report.text())
        return replace(
            ending,
            how=ending.how if in_time else "minutes",
            seconds=time.monotonic() - self._started,
            errors=errors.text(),
        )

    def stop(self) -> None:
        """Ask for its end, from any thread; `wait` then comes back soon."""
        with self._lock:
            if not self._over:
                self._stopped = True
                self._guard.leave()

    def close(self) -> None:
        """End it as it is, unless it has been waited for."""
        with self._lock:
            if not self._over:
                self._over = True
                self._guard.end()
                for stream in self._streams:
                    os.close(stream)

    def _pump(self, streams: selectors.BaseSelector, report: Tail, deadline: float | None) -> bool:
        """Take what the streams give until the guard has reported, or `deadline`; return whether it has."""
        while not report.text() and self._guard.connection in _open(streams):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._take(streams, left)
        return True

    def _take(self, streams: selectors.BaseSelector, seconds: float | None) -> None:
        for key, _ in streams.select(seconds):
            chunk = os.read(key.fd, _CHUNK)
            if chunk:
                key.data(chunk)
            else:
                streams.unregister(key.fileobj)

    def _finish(self, streams: selectors.BaseSelector, report: Tail) -> None:
        """Wait until it has ended, take what the streams still have, and give back what this process has of it."""
        try:
            self._pump(streams, report, time.monotonic() + GRACE_SECONDS + SLOWEST_END_SECONDS)
            end = time.monotonic() + LAST_OUTPUT_SECONDS
            while _open(streams) - {self._guard.connection} and time.monotonic() < end:
                self._take(streams, LAST_OUTPUT_SECONDS)
        finally:
            with self._lock:
                self._over = True
                if self._stopped or not _read(report.text()).stays:
                    self._guard.end()
                else:
                    self._guards.give_back(self._guard)
            for stream in self._streams:
                os.close(stream)


def _open(streams: selectors.BaseSelector) -> set[Any]:
    return {key.fileobj for key in streams.get_map().values()}


def _read(report: str) -> Ending:
    """Return what a guard reported."""
    if not report:
        return Ending("lost")
    told = json.loads(report)
    return Ending(
        told["how"], told.get("code", 0), told.get("place", ""), peak=told.get("peak", 0), stays=not told.get("leaves")
    )
