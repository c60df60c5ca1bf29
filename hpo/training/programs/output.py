"""What a program says on its standard output: lines of JSON with its scores, among others that are passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from hpo.definition.printable import on_one_line
from hpo.searching.queued import DONE

TAIL_BYTES = 4096
"""How much is kept of the end of what a program says."""

LONGEST_LINE = 1 << 20
MOST_LINES = 400
"""How many lines with scores are kept: where there are more, every second one of those before."""

SHOWN = 80
"""Letters of a line that a message repeats."""


class Tail:
    """The end of a stream of bytes."""

    def __init__(self) -> None:
        self._bytes = b""

    def add(self, chunk: bytes) -> None:
        """Take what comes next."""
        self._bytes = (self._bytes + chunk)[-TAIL_BYTES:]

    def text(self) -> str:
        """Return it as text."""
        return self._bytes.decode(errors="replace").strip()

    def last_line(self) -> str:
        """Return the last line that says something, fit to be shown."""
        return shown(self.text().rpartition("\n")[2])


@dataclass(frozen=True, slots=True)
class Line:
    """A line with scores: at which percent of the training, and what it says by name."""

    percent: float
    told: Mapping[str, Any]


@dataclass
class Output:
    """Takes a program's output as it comes, and keeps little of it: the lines that have scores, and the end.

    names: by which of them a line gives the score. asked: the percent that it trains until, which is meant where a line
    does not say.
    """

    names: tuple[str, ...]
    asked: int
    lines: list[Line] = field(default_factory=list)
    misread: str = ""
    """What is wrong with the last line in braces that is no line with scores."""
    tail: Tail = field(default_factory=Tail)
    _rest: bytes = b""
    _skipping: bool = False

    def add(self, chunk: bytes) -> None:
        """Take what comes next."""
        self.tail.add(chunk)
        *lines, rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if not self._skipping:
                self._read(line)
            self._skipping = False
        if len(rest) > LONGEST_LINE:
            self.misread = f"it printed a line of more than {LONGEST_LINE // 1024:,} kB"
            self._skipping = True
        self._rest = b"" if self._skipping else rest

    def end(self) -> None:
        """Take the last line, if nothing ended it."""
        rest, self._rest = self._rest, b""
        if not self._skipping:
            self._read(rest)

    @property
    def score(self) -> Line | None:
        """The last line for the percent that was asked for."""
        return next((line for line in reversed(self.lines) if line.percent == self.asked), None)

    def _read(self, line: bytes) -> None:
        text = line.strip()
        if not text.startswith(b"{"):
            return
        seen = shown(text.decode(errors="replace"))
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            self.misread = f"it printed a line that is no JSON: {seen}"
            return
        percent = told.get("percent", self.asked)
        if not is_number(percent) or not 0 <= percent <= DONE:
            self.misread = f"it printed a percent that is no number from 0 to {DONE}: {seen}"
        elif not any(name in told for name in self.names):
            self.misread = f"it printed a line without {' or '.join(map(repr, self.names))}: {seen}"
        else:
            self._keep(Line(percent, told))

    def _keep(self, line: Line) -> None:
        if len(self.lines) >= MOST_LINES:
            self.lines = self.lines[1::2]
        self.lines.append(line)


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number, as JSON has them."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(text: str) -> str:
    """Return a line as a message may repeat it."""
    plain = on_one_line(" ".join(text.split()))
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 3] + "..."
