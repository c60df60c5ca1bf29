"""Importing this in a front door, before anything heavy, lets Ctrl-C and SIGTERM end it at once while the rest loads.

It takes a second or two until a front door has its libraries; Python's own answer meanwhile is a traceback. Nothing is
held by then that would have to be given back. As soon as the command runs, `run_command` answers in its own way.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import PurePath

from hpo.engine.exit_codes import INTERRUPTED
from hpo.engine.interrupts import ASKED, STOPPING
from hpo.engine.watchdog import SIGNALS, watched


def leave_at_once(number: int, frame: object) -> None:
    """Say so and end this process, whatever it is doing: a signal handler."""
    del number, frame
    os.write(2, f"{STOPPING}\n".encode())
    os._exit(INTERRUPTED)


@contextlib.contextmanager
def raised(*, watch: bool = True) -> Iterator[None]:
    """While this lasts, the first Ctrl-C or SIGTERM says so and raises KeyboardInterrupt, a second ends the process.

    What comes of it afterwards is a KeyboardInterrupt, too, whatever a library made of the first one. A thread keeps
    `watch` over it (hpo.engine.watchdog), which a process that is to be forked must not have.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        del number, frame
        for each in SIGNALS:
            signal.signal(each, lambda *_: os._exit(INTERRUPTED))
        os.write(2, f"{STOPPING}\n".encode())
        ASKED.set()
        raise KeyboardInterrupt

    def say_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):  # in a destructor, say: ASKED remembers it
            told(unraisable)

    ASKED.clear()
    before, told = {number: signal.signal(number, stop) for number in SIGNALS}, sys.unraisablehook
    sys.unraisablehook = say_unraisable
    try:
        with watched() if watch else contextlib.nullcontext():
            yield
        if ASKED.is_set():
            raise KeyboardInterrupt
    except Exception as error:
        if ASKED.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        if ASKED.is_set():
            _interrupted.set()
        ASKED.clear()
        sys.unraisablehook = told
        for number, handler in before.items():
            signal.signal(number, handler)


_interrupted = threading.Event()


def _end_as_interrupted() -> None:
    """Give the exit code of an interrupted command, at the very end.

    Python ends a process by SIGINT if a KeyboardInterrupt ever came out of an `exec`, as in the making of a dataclass,
    even where it was answered.
    """
    if _interrupted.is_set():
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(INTERRUPTED)


def is_front_door() -> bool:
    """Say whether this process was started as one of our commands, rather than importing one."""
    main = sys.modules.get("__main__")
    name = getattr(getattr(main, "__spec__", None), "name", "")
    return name.split(".")[0] == "hpo" or PurePath(sys.argv[0]).stem == "hpo"


if is_front_door() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    for each in SIGNALS:
        signal.signal(each, leave_at_once)
    atexit.register(_end_as_interrupted)  # the first one registered is the last one called
