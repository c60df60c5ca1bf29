"""Ctrl-C and SIGTERM as a request: noted while the database is being written, obeyed at once while training."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from hpo.engine.exit_codes import INTERRUPTED

STOPPING = "stopping; finished trials are kept"
"""What is said as soon as somebody asks to stop."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)

ASKED = threading.Event()
"""Set when a KeyboardInterrupt was raised for a Ctrl-C (hpo.cli.ctrl_c). A library that is loading, or a callback out
of C, may turn that into another error or swallow it: then this still says that somebody asked to stop."""


class Interrupted(Exception):  # noqa: N818 - it is no error
    """Raised in the middle of training when a stop was asked for."""


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

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self.requested = self.requested or ASKED.is_set()
            self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

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
