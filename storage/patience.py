"""Waiting for a database that is gone, locked or restarting: with growing pauses, said once and when it is over.

Whatever is tried again is one transaction that either happened or did not, and that may happen twice: its lease number
says whether it did.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import optuna
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

T = TypeVar("T")

DEFAULT_SECONDS = 600.0
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
SAID_AFTER = 3.0
"""Seconds after which somebody who waits is told why: a lock that is held for a moment is nothing to talk about."""

LOCKED_SECONDS = 60.0
"""How long another process's write to an SQLite file is waited for at least, without any patience at all."""

DATABASE_ERRORS = (SQLAlchemyError, optuna.exceptions.StorageInternalError, sqlite3.Error)

_SQLITE_LOCKED = ("locked", "busy")
_SQLITE_PASSES = (*_SQLITE_LOCKED, "disk is full", "disk I/O error")

_SQLSTATES = ("08", "25P03", "25P04", "40", "53", "55P03", "57")
"""PostgreSQL's codes, or what they begin with: connections, transactions that were open for too long, deadlocks and
what cannot be serialized, resources, locks, and an administrator's stop."""

_SQLSTATES_FOR_GOOD = ("08P01", "57P04")
"""A server that speaks another protocol, and a database that was dropped."""

_SERVER_SAYS = "FATAL"
_SERVER_PASSES = (
    *("starting up", "shutting down", "recovery", "not yet accepting", "terminating connection"),
    *("too many", "connection slots", "pooler", "bouncer", "server login", "cannot connect to server", "timeout"),
)
"""What a server, or a pooler in front of it, says while it refuses a connection, and will not say for long."""

_FOR_GOOD = ("password", "authentication", "invalid", "SSL", "certificate", "Kerberos", "GSSAPI")
"""What is said before a server was asked for anything, and will be said again."""


def reason_of(error: BaseException) -> str:
    """Return the driver's own words: the innermost cause says more than its wrappers."""
    *_, cause = _causes(error)
    return " ".join(str(cause).split()) or type(cause).__name__


def is_locked(error: BaseException) -> bool:
    """Say whether an SQLite file is just being written by another process."""
    driver = _driver(error)
    return isinstance(driver, sqlite3.Error) and any(sign in str(driver) for sign in _SQLITE_LOCKED)


def is_unreachable(error: BaseException) -> bool:
    """Say whether no server answered at all: it may be down for a moment, or be the wrong one."""
    driver = _driver(error)
    if isinstance(driver, sqlite3.Error) or _lost(error) or getattr(driver, "sqlstate", None) is not None:
        return False
    text = str(driver)
    return _connects(error) and _SERVER_SAYS not in text and not any(sign in text for sign in _FOR_GOOD)


def passes(error: BaseException) -> bool:
    """Say whether what a database answered may be over in a while."""
    driver = _driver(error)
    if isinstance(driver, sqlite3.Error):
        return any(sign in str(driver) for sign in _SQLITE_PASSES)
    code = getattr(driver, "sqlstate", None)
    if code in _SQLSTATES_FOR_GOOD:
        return False
    if code is not None:
        return _lost(error) or str(code).startswith(_SQLSTATES)
    if _SERVER_SAYS in str(driver):  # a connection that was refused has no code
        return any(sign in str(driver) for sign in _SERVER_PASSES)
    return _lost(error) or is_unreachable(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return `error`, and what is behind it: Optuna's word, SQLAlchemy's, the driver's."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = getattr(found, "orig", None) or found.__cause__


def _driver(error: BaseException) -> BaseException | None:
    """Return the driver's own error."""
    return next((each for each in _causes(error) if isinstance(each, sqlite3.Error) or hasattr(each, "sqlstate")), None)


def _lost(error: BaseException) -> bool:
    """Say whether the connection broke in the middle of a transaction."""
    return any(isinstance(each, DBAPIError) and each.connection_invalidated for each in _causes(error))


def _connects(error: BaseException) -> bool:
    return any(isinstance(each, OperationalError | InterfaceError) for each in _causes(error))


class Patience:
    """How long somebody waits for a database, who is told, and how a pause is made: one that may be broken off.

    A server that does not answer at all is waited for if it did before: at first it may be a mistake in its address.
    With `insists`, it is waited for at once.
    """

    def __init__(
        self,
        seconds: float = 0.0,
        say: Callable[[str], None] = lambda _: None,
        pause: Callable[[float], None] = time.sleep,
        *,
        insists: bool = False,
    ) -> None:
        self.seconds, self.say, self.pause = seconds, say, pause
        self._lock, self._said, self._reached = threading.Lock(), False, insists

    def call(self, attempt: Callable[[], T]) -> T:
        """Return what `attempt` returns, tried again while the database's answer may be over in a while.

        Raises the last answer when the time is over, and at once what does not pass. A lock that SQLite itself has
        waited for is asked for again soon, or the others would always be first.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            asked = time.monotonic()
            try:
                found = attempt()
            except DATABASE_ERRORS as error:
                answered = time.monotonic()
                patience = max(self.seconds, LOCKED_SECONDS) if is_locked(error) else self.seconds
                waited = answered - began
                if not is_unreachable(error):
                    self._reached = True  # whatever it answered, it is there
                if waited >= patience or not passes(error) or (not self._reached and is_unreachable(error)):
                    raise
                if waited >= SAID_AFTER:
                    self._tell(error, patience)
                self.pause(min(pause, max(patience - waited, FIRST_PAUSE)))
                if not is_locked(error) or answered - asked < FIRST_PAUSE:
                    pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._over()
                return found

    def _tell(self, error: BaseException, patience: float) -> None:
        with self._lock:
            if self._said:
                return
            self._said = True
        self.say(
            f"the database does not answer ({reason_of(error)[:200]}); waiting for it, for up to {_long(patience)}"
        )

    def _over(self) -> None:
        self._reached = True
        if not self._said:
            return
        with self._lock:
            said, self._said = self._said, False
        if said:
            self.say("the database answers again")


def _long(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
