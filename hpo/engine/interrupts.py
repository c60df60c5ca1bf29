"""Ctrl-C and SIGTERM as a request: noted while the database is being written, obeyed at once while training."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):  # noqa: N818 - it is no error
    """Raised in the middle of training when a stop was asked for."""


class StopRequest:
    """Whether this process was asked to stop.

    As a context it takes over SIGINT and SIGTERM, and gives them back at its end; outside the main thread, which alone
    may have signals, it leaves them.
    """

    def __init__(self) -> None:
        self.requested = False
        self._in_training = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.requested = True
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
