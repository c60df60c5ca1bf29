"""Ctrl-C and SIGTERM as a request: noted while the database is being written, obeyed at once while training."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(Exception):  # noqa: N818 - it is no error
    """Raised in the middle of training when a stop was asked for."""


class StopRequest:
    """Whether this process was asked to stop. Make it in the main thread: it takes over SIGINT and SIGTERM."""

    def __init__(self) -> None:
        self.requested = False
        self._in_training = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
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
