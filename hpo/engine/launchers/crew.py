"""A crew: N worker processes, forked from one that has imported and loaded everything, which looks after them.

Forked workers share what was loaded: sixteen of them start in the time of a few. What that asks of this process: it
has no threads, and no open connection to a database (SQLite's locks do not survive a fork).
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Protocol, Self

from hpo.engine.exit_codes import DONE, INTERRUPTED, MISTAKE
from hpo.engine.interrupts import ASKED, STOPPING
from hpo.engine.launchers.base import Announce
from hpo.engine.launchers.member import LEAVING_SECONDS, Idle, LastWords, Ready, Work, live
from hpo.engine.launchers.restarts import Restarts
from hpo.engine.watchdog import SIGNALS
from hpo.storage.errors import UserError

ONE_LOOK_SECONDS = 0.25
"""Workers that die within it died of one cause, as far as anybody can tell."""

BURIALS = 3
"""How often it is tried to write a death down."""

_CONTEXT: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


class Bury(Protocol):
    """Writes down that the worker with this name died of this cause, so that the trial that it held is to blame."""

    def __call__(self, holder: str, cause: str) -> None:
        """Do so; a second time it changes nothing."""


@dataclass
class Member:
    """A worker's process, and the crew's ends of its pipes."""

    process: BaseProcess
    orders: Connection
    reports: Connection
    holder: str = ""
    last_words: LastWords = field(default_factory=lambda: LastWords(""))

    @property
    def cause(self) -> str:
        """What ended it."""
        code = self.process.exitcode or 0
        ended = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return f"{ended}: {self.last_words.text}" if self.last_words.text else ended

    def close(self) -> None:
        """Give back what a process that has ended leaves behind."""
        self.process.join()
        self.process.close()
        self.orders.close()
        self.reports.close()


class Crew:
    """`size` workers that do `work`, replaced where they die.

    `parent` is a file descriptor: what comes there is passed on to the workers as a nudge, its end stops them all.
    """

    def __init__(
        self,
        size: int,
        work: Work,
        *,
        bury: Bury,
        announce: Announce,
        on_ready: Callable[[], None] = lambda: None,
        on_idle: Callable[[], None] = lambda: None,
        parent: int | None = None,
    ) -> None:
        self._size, self._work, self._bury, self._parent = size, work, bury, parent
        self._announce, self._on_ready, self._on_idle = announce, on_ready, on_idle
        self._members: list[Member] = []
        self._wanted = size
        self._not_before = 0.0
        self._restarts = Restarts()
        self._graves: list[tuple[str, str]] = []
        self._burial: BaseProcess | None = None
        self._buried = self._burials = 0
        self._ready = 0

    def run(self) -> int:
        """Work until the study is done (DONE), or a signal or the end of the parent stops it (INTERRUPTED).

        Raises UserError if a worker did, or if workers die before they are ready, again and again.
        """
        gc.freeze()  # what is loaded stays shared: nobody's collection touches it
        gc.enable()
        with _Signals(self._announce if self._parent is None else _say_nothing, self._kill) as signals:
            try:
                while not signals.asked:
                    self._start_missing()
                    if not self._members and not self._wanted and self._burial is None:
                        return DONE
                    self._wait(signals)
                return INTERRUPTED
            finally:
                self._stop()

    def _start_missing(self) -> None:
        if self._burial is None and self._graves:
            self._burial = self._start(_write_down, self._bury, list(self._graves), self._ends())
            self._buried = len(self._graves)
        while len(self._members) < self._wanted and time.monotonic() >= self._not_before:
            orders, to_worker = _CONTEXT.Pipe(duplex=False)
            from_worker, reports = _CONTEXT.Pipe(duplex=False)
            os.set_blocking(to_worker.fileno(), False)
            process = self._start(live, self._work, orders, reports, [*self._ends(), to_worker, from_worker])
            orders.close()
            reports.close()
            self._members.append(Member(process, to_worker, from_worker))

    def _ends(self) -> list[Connection]:
        """Return the crew's ends of all pipes: a forked process closes them, or no end of a pipe would be seen."""
        return [end for each in self._members for end in (each.orders, each.reports)]

    def _start(self, target: Callable[..., Any], *arguments: Any) -> BaseProcess:
        process: BaseProcess = _CONTEXT.Process(target=target, args=arguments)
        with _blocked():
            process.start()
        return process

    def _wait(self, signals: _Signals) -> None:
        """Wait for whatever happens next, and do what it asks for."""
        sources: list[Any] = [each.process.sentinel for each in self._members]
        sources += [each.reports for each in self._members] + [signals.fileno]
        sources += [self._parent] if self._parent is not None else []
        sources += [self._burial.sentinel] if self._burial is not None else []
        missing = len(self._members) < self._wanted
        happened = wait(sources, max(0.0, self._not_before - time.monotonic()) if missing else None)
        signals.drain()
        if self._parent in happened and self._parent is not None:
            if os.read(self._parent, 4096):
                self._nudge()
            else:
                signals.asked = True
        if signals.asked:
            return
        self._hear(happened)
        if self._burial is not None and self._burial.sentinel in happened:
            self._look_at_burial(self._burial)
        if any(each.process.sentinel in happened for each in self._members):
            self._look_at_the_dead()

    def _nudge(self) -> None:
        for member in self._members:
            with suppress(OSError):  # it has ended, or is stopped and its pipe is full
                os.write(member.orders.fileno(), b"\n")

    def _hear(self, happened: Sequence[Any]) -> None:
        idle = False
        for member in self._members:
            if member.reports in happened:
                idle |= self._hear_one(member)
        if idle:
            self._on_idle()

    def _hear_one(self, member: Member) -> bool:
        """Take what `member` told; say whether it has nothing to do."""
        idle = False
        try:
            while member.reports.poll():
                message = member.reports.recv()
                if isinstance(message, Ready):
                    member.holder = message.holder
                    self._restarts.ready()
                    self._ready += 1
                    if self._ready == self._size:
                        self._on_ready()
                elif isinstance(message, LastWords):
                    member.last_words = message
                idle |= isinstance(message, Idle)
        except (EOFError, OSError):  # it has ended, maybe in the middle of a message
            pass
        return idle

    def _look_at_the_dead(self) -> None:
        """Find who died, who is to blame, and how long to wait before others are started in their place."""
        before = len(self._members)
        ended = self._ended()
        for member in ended:
            self._hear_one(member)
        if any(self._hear_one(member) for member in ended):
            self._on_idle()
        for member in ended:
            if member.process.exitcode == MISTAKE:
                raise UserError(member.last_words.text)
        died = [member for member in ended if member.process.exitcode not in (DONE, INTERRUPTED)]
        asked = [member for member in ended if member.process.exitcode == INTERRUPTED]
        self._wanted -= len(ended) - len(died) - len(asked)
        pause = 0.0
        if died or asked:
            last = (died or asked)[-1]
            was_ready = any(member.holder for member in (*died, *asked))
            words = last.last_words.details or last.last_words.text
            pause = self._restarts.pause(last.cause, words, was_ready=was_ready)
            self._not_before = time.monotonic() + pause
        if asked:
            self._announce("a worker was asked to stop")
        everybody = len(died) == before >= 2
        for member in died:
            if not everybody:
                self._announce(f"a worker died ({member.cause}); starting another one{_in(pause)}")
                self._graves += [(member.holder, member.cause)] if member.holder else []
        if everybody:
            self._announce(f"all {before} workers died at once ({died[0].cause}); starting others{_in(pause)}")
        for member in ended:
            self._members.remove(member)
            member.close()

    def _ended(self) -> list[Member]:
        """Return who has ended, with those that end within the same look."""
        end = time.monotonic() + ONE_LOOK_SECONDS
        while alive := [each.process.sentinel for each in self._members if each.process.exitcode is None]:
            if not wait(alive, max(0.0, end - time.monotonic())):
                break
        return [each for each in self._members if each.process.exitcode is not None]

    def _look_at_burial(self, burial: BaseProcess) -> None:
        burial.join()
        self._burials += 1
        if burial.exitcode == DONE or self._burials == BURIALS:
            if burial.exitcode != DONE:
                self._announce("which trial a worker died of could not be written down")
            self._graves, self._burials = self._graves[self._buried :], 0
        self._burial = None
        burial.close()

    def _stop(self) -> None:
        """Ask all workers to stop, and end those that do not."""
        end = time.monotonic() + LEAVING_SECONDS
        processes = self._processes()
        for process in processes:
            process.terminate()
        # Asked once a turn: a list that became empty between two questions would be waited for to the end.
        while alive := [process.sentinel for process in processes if process.exitcode is None]:
            if not wait(alive, max(0.0, end - time.monotonic())):
                break
        self._kill()
        members, self._members = self._members, []
        for member in members:
            member.close()

    def _kill(self) -> None:
        for process in self._processes():
            process.kill()

    def _processes(self) -> list[BaseProcess]:
        return [each.process for each in self._members] + ([self._burial] if self._burial is not None else [])


class _Signals:
    """While it lasts, SIGINT and SIGTERM ask for a stop and wake who waits; a second Ctrl-C ends everything at once."""

    def __init__(self, say: Announce, kill: Callable[[], None]) -> None:
        self._say, self._kill = say, kill
        self.asked = ASKED.is_set()

    def __enter__(self) -> Self:
        self.fileno, self._writing = os.pipe()
        for end in (self.fileno, self._writing):
            os.set_blocking(end, False)
        self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        self._woke = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._woke)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.fileno)
        os.close(self._writing)

    def drain(self) -> None:
        """Forget what woke it."""
        with suppress(BlockingIOError):
            os.read(self.fileno, 4096)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.asked and number == signal.SIGINT:
            self._kill()
            os._exit(INTERRUPTED)
        if not self.asked:
            self.asked = True
            with suppress(RuntimeError):  # it came in the middle of another line being printed
                self._say(STOPPING)


@contextmanager
def _blocked() -> Iterator[None]:
    """Keep signals waiting, so that none finds a new process that has no answer of its own yet."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _write_down(bury: Bury, graves: Sequence[tuple[str, str]], others: Sequence[Connection]) -> None:
    """Bury `graves`, in a process of its own: a database that is gone must not keep the crew from its workers."""
    signal.set_wakeup_fd(-1)
    for connection in others:
        connection.close()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for holder, cause in graves:
        bury(holder, cause)


def _say_nothing(text: str) -> None:
    """Leave it to the parent, who asked, to say so."""


def _in(pause: float) -> str:
    return f" in {pause:.0f} s" if pause >= 1 else ""
