"""Ctrl-C and SIGTERM as a request: noted while the database is being written, obeyed at once while training or waiting.

Python hears of a signal when the main thread comes back from whatever it is in. A driver may not come back: then a
thread of its own ends the process, by the number of the signal that the operating system writes into a pipe.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from hpo.engine.exit_codes import INTERRUPTED

STOPPING = "stopping; finished trials are kept"
"""What is said as soon as somebody asks to stop."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)

HANGING_SECONDS = 10.0
"""How long after a request to stop a thread may be at one call of the database's driver."""

_DRIVERS = ("sqlalchemy", "psycopg", "hpo.storage")
_LOOK_SECONDS, _SLICE_SECONDS = 0.5, 0.1

ASKED = threading.Event()
"""Set when a KeyboardInterrupt was raised for a Ctrl-C (hpo.cli.ctrl_c). A library that is loading, or a callback out
of C, may turn that into another error or swallow it: then this still says that somebody asked to stop."""


class Interrupted(Exception):  # noqa: N818 - it is no error
    """Raised in the middle of training, or of waiting, when a stop was asked for."""


class StopRequest:
    """Whether this process was asked to stop.

    As a context it takes over SIGINT and SIGTERM, and gives them back at its end; outside the main thread, which alone
    may have signals, it leaves them. The first one is answered at once by `say`; a second Ctrl-C ends the process as it
    is, which costs no more than what is being trained.
    """

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        self._say = say
        self.requested = False
        self._in_training = False
        self._before: dict[signal.Signals, Any] = {}
        self._watchdog: _Watchdog | None = None

    def __enter__(self) -> Self:
        global _latest  # noqa: PLW0603 - signals are the process's own, too
        if threading.current_thread() is threading.main_thread():
            self.requested = self.requested or ASKED.is_set()
            self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
            self._watchdog = _Watchdog()
            _latest = self
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        if self._watchdog is not None:
            self._watchdog.leave()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.requested and number == signal.SIGINT:
            os._exit(INTERRUPTED)
        if not self.requested:
            self.requested = True
            with suppress(RuntimeError):  # it came in the middle of another line being printed
                self._say(STOPPING)
        if self._in_training:
            self._in_training = False
            raise Interrupted

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal raise Interrupted inside this block, which must not write anything that matters."""
        if self.requested:
            raise Interrupted
        self._in_training = True
        try:
            yield
        finally:
            self._in_training = False

    def pause(self, seconds: float) -> None:
        """Wait so long, in any thread; raises Interrupted as soon as a stop was asked for.

        In slices: a threading.Event may not be set by a signal that comes while the same thread waits for it.
        """
        end = time.monotonic() + seconds
        while not self.requested:
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _SLICE_SECONDS))
        raise Interrupted


_latest: StopRequest | None = None


def pause(seconds: float) -> None:
    """Wait so long; raises Interrupted as soon as this process was asked to stop, also when that was before.

    Before there is a StopRequest, Ctrl-C raises its KeyboardInterrupt here.
    """
    if _latest is None:
        time.sleep(seconds)
    else:
        _latest.pause(seconds)


class _Watchdog:
    """A thread that hears of signals even while the main thread is inside a driver, and ends a process that hangs.

    A second Ctrl-C ends it at once. After a first one, or a SIGTERM, a process hangs when the main thread has not moved
    for HANGING_SECONDS, and a thread, this one or one that it waits for, is at the same call of the database's driver.
    """

    def __init__(self) -> None:
        self._heard, self._told = os.pipe()
        os.set_blocking(self._told, False)
        self._before = signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        threading.Thread(target=self._listen, daemon=True, name="watchdog").start()

    def leave(self) -> None:
        """Hear of no more signals; a process that was asked to stop is watched further on."""
        if signal.set_wakeup_fd(self._before) not in (self._told, -1):
            signal.set_wakeup_fd(-1)
        os.close(self._told)

    def _listen(self) -> None:
        asked = 0
        while numbers := os.read(self._heard, 64):
            interrupts = numbers.count(signal.SIGINT)
            if interrupts and asked + interrupts > 1:
                os._exit(INTERRUPTED)
            before, asked = asked, asked + sum(number in SIGNALS for number in numbers)
            if asked and not before:
                threading.Thread(target=_end_if_it_hangs, daemon=True, name="watchdog for drivers").start()
        os.close(self._heard)


def _end_if_it_hangs() -> None:
    main = threading.main_thread().ident
    since, seen = time.monotonic(), _places()
    while time.monotonic() - since < HANGING_SECONDS:
        time.sleep(_LOOK_SECONDS)
        now = _places()
        stuck = {thread for thread, place in now.items() if place == seen.get(thread)}
        if main not in stuck or not any(now[thread][0] for thread in stuck):
            since, seen = time.monotonic(), now
    os.write(2, b"the database's driver does not come back; ending without it, finished trials are kept\n")
    os._exit(INTERRUPTED)


def _places() -> dict[int, tuple[bool, int, int]]:
    """Return where each thread is: whether in a driver, in which frame, and at which instruction."""
    mine = threading.get_ident()
    return {
        thread: (str(frame.f_globals.get("__name__")).startswith(_DRIVERS), id(frame), frame.f_lasti)
        for thread, frame in sys._current_frames().items()
        if thread != mine
    }
