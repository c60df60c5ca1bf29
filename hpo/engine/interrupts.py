"""Ctrl-C and SIGTERM as a request: noted while the database is being written, obeyed at once while training or waiting.

A driver that does not come back hears of neither: see hpo.engine.watchdog.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Any, Self

from hpo.engine.exit_codes import INTERRUPTED
from hpo.engine.watchdog import SIGNALS, watched

STOPPING = "stopping; finished trials are kept"
"""What is said as soon as somebody asks to stop."""

_SLICE_SECONDS = 0.1

ASKED = threading.Event()
"""Set when a KeyboardInterrupt was raised for a Ctrl-C (hpo.cli.ctrl_c). A library that is loading, or a callback out
of C, may turn that into another error or swallow it: then this still says that somebody asked to stop."""


class Interrupted(BaseException):
    """Raised in the middle of training, or of waiting, when a stop was asked for.

    Like KeyboardInterrupt it is no Exception: a training function that goes on after any of those ends with this.
    """


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
        self._watched = ExitStack()

    def __enter__(self) -> Self:
        global _latest  # noqa: PLW0603 - signals are the process's own, too
        if threading.current_thread() is threading.main_thread():
            self.requested = self.requested or ASKED.is_set()
            self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
            self._watched.enter_context(watched())
            _latest = self
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        self._watched.close()

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
            if not self._in_training:  # it was raised, and what ran in here swallowed it
                raise Interrupted
        finally:
            self._in_training = False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Let a signal wait until the end of this block, which is inside an interruptible one and writes."""
        before, self._in_training = self._in_training, False
        try:
            yield
        finally:
            self._in_training = before
        if before and self.requested:
            raise Interrupted

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
