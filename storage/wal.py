"""SQLite's write-ahead log, kept short: it is written back into the database by whoever writes, and begun anew.

SQLite writes it back every thousand pages. It begins it anew only at a moment when nobody reads, and with a few
processes that read one after the other there is none: the log then grows by all that is written. So somebody waits for
that moment, while nobody may begin to write: for a fifth of a second, and only once the log has become long.
"""

from __future__ import annotations

import os
import time

import sqlalchemy as sa

LONG_BYTES = 64 * 2**20
LOOK_SECONDS = 5.0
WAIT_MILLISECONDS = 200


class ShortLog:
    """The log beside the SQLite file at `path`; None for a database that has none."""

    def __init__(self, path: str | None) -> None:
        self._path = None if path is None else f"{path}-wal"
        self._looked = time.monotonic()

    def keep(self, engine: sa.Engine) -> None:
        """Begin the log anew if it is long; looks only now and then."""
        if self._path is None or time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            long = os.stat(self._path).st_size > LONG_BYTES  # noqa: PTH116 - as cheap as it can be
        except OSError:
            return
        if long:
            begin_anew(engine)


def begin_anew(engine: sa.Engine) -> bool:
    """Write all of the log back and cut it to nothing; False if somebody was reading all the time."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={WAIT_MILLISECONDS}")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={before}")
        return not busy
    finally:
        connection.close()
