"""What a function prints while it trains: kept aside, as a worker's own output is read by the one that started it."""

from __future__ import annotations

import io
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

LINES = 40
"""So many of the last lines are kept."""

_LONGEST = 10_000


class Printed:
    """The last lines that were printed."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES)
        self._open = ""

    def take(self, text: str) -> None:
        """Take more text."""
        *lines, self._open = (self._open + text).split("\n")
        self._lines.extend(line[-_LONGEST:] for line in lines)
        self._open = self._open[-_LONGEST:]

    @property
    def text(self) -> str:
        """The last lines."""
        return "\n".join([*self._lines, *filter(None, [self._open])][-LINES:])

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take what Python prints in this thread inside this block."""
        with redirect_stdout(_Beside(self, sys.stdout)), redirect_stderr(_Beside(self, sys.stderr)):
            yield


class _Beside(io.TextIOBase):
    """Takes what this thread writes; what others do, such as the worker's own, goes where it would have gone."""

    def __init__(self, printed: Printed, before: TextIO) -> None:
        self._printed, self._before, self._thread = printed, before, threading.get_ident()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread:
            return self._before.write(text)
        self._printed.take(text)
        return len(text)
