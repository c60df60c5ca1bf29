"""Ending a process that was asked to stop and cannot hear it, since it is inside a database's driver.

Python's answer to a signal waits until the main thread is back from what it is in, and a driver may never be: when the
server stands still, say, or a name is looked up in a network that is down. The number of a signal is in a pipe at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hpo.engine.exit_codes import INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""What asks a process to stop."""

HANGING_SECONDS = 4.0
"""How long after that a thread may be at one call of the driver."""

_DRIVERS = ("sqlalchemy", "psycopg", "hpo.storage")
_LOOK_SECONDS = 0.5

_active = False


@contextmanager
def watched() -> Iterator[None]:
    """Watch over this process meanwhile, and not a moment longer: it may be somebody's notebook.

    A second Ctrl-C ends it at once. After a first one, or a SIGTERM, it hangs when the main thread has not moved for
    HANGING_SECONDS, and a thread, this one or one that it waits for, is at the same call of the driver.
    """
    global _active  # noqa: PLW0603 - signals are the process's own, too
    if _active or threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    _active = True
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(heard, over), daemon=True, name="watchdog")
    listener.start()
    try:
        yield
    finally:
        over.set()
        ours, _active = _active, False
        if ours:  # rather than a child's
            signal.set_wakeup_fd(before)
        os.close(told)
        if ours:  # who is to be forked next has no threads
            listener.join(_LOOK_SECONDS)


def _in_a_child() -> None:
    """Let a child that was forked tell nobody here of its own signals."""
    global _active  # noqa: PLW0603
    if _active:
        _active = False
        with suppress(ValueError):  # it is no child's main thread that forks
            signal.set_wakeup_fd(-1)


os.register_at_fork(after_in_child=_in_a_child)


def _listen(heard: int, over: threading.Event) -> None:
    asked = 0
    while numbers := os.read(heard, 64):
        interrupts = numbers.count(signal.SIGINT)
        if interrupts and asked + interrupts > 1:
            os._exit(INTERRUPTED)
        before, asked = asked, asked + sum(number in SIGNALS for number in numbers)
        if asked and not before:
            threading.Thread(target=_end_if_it_hangs, args=(over,), daemon=True, name="watchdog of the driver").start()
    os.close(heard)


def _end_if_it_hangs(over: threading.Event) -> None:
    main = threading.main_thread().ident
    since, seen = time.monotonic(), _places()
    while time.monotonic() - since < HANGING_SECONDS:
        if over.wait(_LOOK_SECONDS):
            return
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
