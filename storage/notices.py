"""What a leader tells those who wait for work: PostgreSQL passes it on at once, so that they need not ask all the time.

SQLite passes nothing on, nor does a pooler that gives every transaction another connection: there they ask now and
then, which they do in any case, only less often.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from hpo.storage.patience import DATABASE_ERRORS


def tell(connection: sa.Connection, study_id: int) -> None:
    """Wake those who wait for this study, once this transaction is over."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_notify(_channel(study_id), "")))


class Notices:
    """What is told to one who listens on a `connection`; meanwhile there is no other one open in `engine`'s pool."""

    def __init__(self, connection: Any = None, engine: sa.Engine | None = None) -> None:
        self._connection, self._engine = connection, engine

    @property
    def arrive(self) -> bool:
        """Whether the database passes anything on."""
        return self._connection is not None

    def wait(self, seconds: float) -> bool:
        """Wait for so long, or until something is told: then return True."""
        if self._engine is not None:
            self._engine.dispose()  # many who wait would hold twice as many connections as there are of them
        try:
            return any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))
        except Exception:  # whatever the driver says: whoever asks the database next hears it, and waits
            self._connection = None
            return False


@contextlib.contextmanager
def listening(engine: sa.Engine, study_id: int) -> Iterator[Notices]:
    """Return what is told from now on, on a connection that is held as long as this lasts."""
    if engine.dialect.name != "postgresql":
        yield Notices()
        return
    with contextlib.ExitStack() as stack:
        driver = None
        with contextlib.suppress(*DATABASE_ERRORS):  # it is gone: whoever asks it next hears that, and waits
            connection = stack.enter_context(engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
            connection.exec_driver_sql(f"LISTEN {_channel(study_id)}")
            driver = connection.connection.driver_connection
            stack.callback(_forget, connection)
        yield Notices(driver, engine)


def _forget(connection: sa.Connection) -> None:
    """Close the connection rather than giving it back: the next one to use it does not listen."""
    with contextlib.suppress(*DATABASE_ERRORS):
        connection.invalidate()


def _channel(study_id: int) -> str:
    return f"hpo_study_{study_id}"
