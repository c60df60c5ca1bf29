"""Waiting for a database that is gone, locked or restarting: with growing pauses, said once and when it is over.

Whatever is tried again is one transaction that either happened or did not, and that may happen twice: its lease number
says whether it did.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import optuna
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

T = TypeVar("T")

DEFAULT_SECONDS = 600.0
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
SAID_AFTER = 3.0
"""Seconds after which somebody who waits is told why: a lock that is held for a moment is nothing to talk about."""

DATABASE_ERRORS = (SQLAlchemyError, optuna.exceptions.StorageInternalError, sqlite3.Error)

_SQLITE = ("locked", "busy", "disk is full", "disk I/O error")
_SQLSTATES = ("08", "40", "53", "55P03", "57")
"""What PostgreSQL's codes begin with: connections, deadlocks, resources, locks, and an administrator's stop."""
_WORDS = ("connection", "server closed", "could not receive", "timeout", "SSL", "terminat", "starting up", "shutting")


def reason_of(error: BaseException) -> str:
    """Return the driver's own words: the innermost cause says more than its wrappers."""
    cause: BaseException = error
    while True:
        inner = getattr(cause, "orig", None) or cause.__cause__
        if inner is None:
            return " ".join(str(cause).split()) or type(cause).__name__
        cause = inner


def passes(error: BaseException) -> bool:
    """Say whether what a database answered may be over in a while."""
    driver: BaseException | None = error
    while driver is not None and not isinstance(driver, sqlite3.Error) and not hasattr(driver, "sqlstate"):
        driver = getattr(driver, "orig", None) or driver.__cause__
    if isinstance(driver, sqlite3.Error):
        return any(sign in str(driver) for sign in _SQLITE)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    code = getattr(driver, "sqlstate", None)
    if code is not None:
        return str(code).startswith(_SQLSTATES)
    return driver is not None and any(word in str(driver) for word in _WORDS)


class Patience:
    """How long somebody waits for a database, who is told, and how a pause is made: one that may be broken off."""

    def __init__(
        self,
        seconds: float = 0.0,
        say: Callable[[str], None] = lambda _: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.seconds, self.say, self.pause = seconds, say, pause
        self._lock, self._said = threading.Lock(), False

    def call(self, attempt: Callable[[], T]) -> T:
        """Return what `attempt` returns, tried again while the database's answer may be over in a while.

        Raises the last answer when the time is over, and at once what does not pass.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                found = attempt()
            except DATABASE_ERRORS as error:
                waited = time.monotonic() - began
                if waited >= self.seconds or not passes(error):
                    raise
                if waited >= SAID_AFTER or pause >= 1:
                    self._tell(error)
                self.pause(min(pause, max(self.seconds - waited, FIRST_PAUSE)))
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._over()
                return found

    def _tell(self, error: BaseException) -> None:
        with self._lock:
            if self._said:
                return
            self._said = True
        self.say(
            f"the database does not answer ({reason_of(error)[:200]}); waiting for it, for up to {_long(self.seconds)}"
        )

    def _over(self) -> None:
        if not self._said:
            return
        with self._lock:
            said, self._said = self._said, False
        if said:
            self.say("the database answers again")


def _long(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
