"""A worker's process, as a crew starts it: what it is told, what it tells, and how it ends when the crew is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NoReturn, TypeAlias

from hpo.engine.exit_codes import DONE, FAILED, INTERRUPTED, MISTAKE
from hpo.engine.interrupts import Interrupted, StopRequest
from hpo.engine.watchdog import SIGNALS
from hpo.storage.errors import UserError

LEAVING_SECONDS = 20.0
"""What a worker has to give its trial back, once it is asked to stop, before it is ended as it is."""


@dataclass(frozen=True)
class Ready:
    """Said once, before the first trial: by this name it holds what it takes out of the queue."""

    holder: str


@dataclass(frozen=True)
class Idle:
    """Said when there is nothing to do, so that the next round is opened at once."""


@dataclass(frozen=True)
class LastWords:
    """Why it ends, and where: the exit code says whether the user can put that right."""

    text: str
    details: str = ""


Message: TypeAlias = Ready | Idle | LastWords


@dataclass(frozen=True)
class Membership:
    """What a worker has from its crew."""

    stop: StopRequest
    nudged: threading.Event
    tell: Callable[[Message], None]


Work: TypeAlias = Callable[[Membership], None]
"""Does a worker's work until the study is done, or a stop was requested. Where processes cannot be forked it travels
to the new one as a pickle."""


def live(work: Work, orders: Connection, reports: Connection, others: Sequence[Connection]) -> NoReturn:
    """Do `work` as a process of its own; signals are blocked until they are answered here.

    `orders` ends when the crew is gone, but only if nobody else holds its other end: `others` are the crew's ends of
    all pipes, which a forked process has, too.
    """
    signal.set_wakeup_fd(-1)  # it is the crew's
    for connection in others:
        connection.close()
    stop = ExitStack().enter_context(StopRequest())  # to the end of the process: what was there before is the crew's
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    nudged = threading.Event()
    threading.Thread(target=_listen, args=(orders, nudged), daemon=True, name="crew").start()
    membership = Membership(stop, nudged, lambda message: _tell(reports, message))
    try:
        work(membership)
        code = INTERRUPTED if stop.requested else DONE
    except Interrupted:  # while it waited for the database
        code = INTERRUPTED
    except UserError as error:
        membership.tell(LastWords(str(error)))
        code = MISTAKE
    except Exception as error:  # whatever it is, the crew says it, and starts another one
        said = " ".join(f"{type(error).__name__}: {error}".split())
        membership.tell(LastWords(said, traceback.format_exc().rstrip()))
        code = FAILED
    sys.exit(code)


def _tell(reports: Connection, message: Message) -> None:
    try:
        reports.send(message)
    except OSError:  # the crew is gone, which the other pipe says, too
        return


def _listen(orders: Connection, nudged: threading.Event) -> None:
    """Set `nudged` whenever the crew says so; stop when it is gone, even in the middle of waiting for a database."""
    while os.read(orders.fileno(), 4096):
        nudged.set()
    nudged.set()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVING_SECONDS)
    os._exit(INTERRUPTED)
