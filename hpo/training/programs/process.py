"""Running a program to its end, or to where it has to be ended; when this returns, nothing of it is left."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hpo.training.programs import guard
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
    errors: the end of its standard error.
    """

    how: How
    code: int = 0
    place: str = ""
    seconds: float = 0.0
    peak: int = 0
    errors: str = ""


class RunningProgram:
    """One program, from its start to its end."""

    def __init__(self, command: Sequence[str], folder: Path, *, memory: int = 0, scratch: Path | None = None) -> None:
        """Start `command` in `folder`; `memory` bytes are what it may take, 0: as many as there are.

        Should this process die, the folder `scratch` is deleted when the program has been ended.
        """
        self._started = time.monotonic()
        self._lock = threading.Lock()
        reported, status = os.pipe()
        try:
            self._guard = subprocess.Popen(
                [
                    sys.executable,
                    *("-I", "-S", guard.__file__),
                    *(str(status), str(GRACE_SECONDS), str(memory), str(folder), str(scratch or "")),
                    *command,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=[status],
                start_new_session=True,
            )
        except BaseException:
            os.close(reported)
            raise
        finally:
            os.close(status)
        self._report = open(reported, "rb", buffering=0)  # noqa: PTH123, SIM115 - closed with the others

    def wait(self, hear: Callable[[bytes], None], seconds: float | None = None) -> Ending:
        """Return how it ends, after `seconds` at most; `hear` is given what it writes to its standard output.

        Whatever is raised meanwhile, by `hear` or by a signal, ends the program first.
        """
        errors, report = Tail(), Tail()
        with selectors.DefaultSelector() as streams:
            streams.register(self._guard.stdout or self._report, selectors.EVENT_READ, hear)
            streams.register(self._guard.stderr or self._report, selectors.EVENT_READ, errors.add)
            streams.register(self._report, selectors.EVENT_READ, report.add)
            try:
                in_time = self._pump(streams, None if seconds is None else self._started + seconds)
            finally:
                self._finish(streams)
        ending = _read(report.text())
        return replace(
            ending,
            how=ending.how if in_time else "minutes",
            seconds=time.monotonic() - self._started,
            errors=errors.text(),
        )

    def stop(self) -> None:
        """Ask for its end, from any thread; `wait` then comes back soon."""
        with self._lock, suppress(OSError):
            if self._guard.stdin is not None:
                self._guard.stdin.close()

    def _pump(self, streams: selectors.BaseSelector, deadline: float | None) -> bool:
        """Take what the streams give until the guard has reported, or `deadline`; return whether it has."""
        while self._report in {key.fileobj for key in streams.get_map().values()}:
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

    def _finish(self, streams: selectors.BaseSelector) -> None:
        """End what still runs, take what the streams still have, and give back what this process has of it."""
        self.stop()
        try:
            self._pump(streams, time.monotonic() + GRACE_SECONDS + SLOWEST_END_SECONDS)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._guard.pid, signal.SIGKILL)  # nobody else has this number before `wait`
        end = time.monotonic() + LAST_OUTPUT_SECONDS
        while streams.get_map() and time.monotonic() < end:
            self._take(streams, LAST_OUTPUT_SECONDS)
        self._guard.wait()
        for stream in (self._guard.stdout, self._guard.stderr, self._report):
            if stream is not None:
                stream.close()


def _read(report: str) -> Ending:
    """Return what a guard reported."""
    words = report.split()
    if not words:
        return Ending("lost")
    if words[0] == "ended":
        return Ending("ended", code=int(words[1]), peak=int(words[2]) * 1024)
    if words[0] == "failed":
        return Ending("failed", code=int(words[1]), place=words[2])
    if words[0] == "memory":
        return Ending("memory", peak=int(words[1]))
    return Ending("stopped")
