"""SQLite's write-ahead log, the -wal file: kept short, and missed where a database was copied without it.

SQLite writes it back into the database every thousand pages. It begins it anew only at a moment when nobody reads, and
with a few processes that read one after the other there is none: the log then grows by all that is written. So somebody
waits for that moment, while nobody may begin to write: for a fifth of a second, and only once the log has become long.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

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


def lacks_its_log(path: str | None) -> bool:
    """Say whether the SQLite file at `path` keeps a log, and none is beside it.

    So it is after everybody closed it in order. So it is, too, where it was copied while somebody had it open.
    """
    return path is not None and _header(path)[18:20] == b"\x02\x02" and not Path(f"{path}-wal").exists()


def has_an_empty_log(path: str) -> bool:
    """Say whether the log is there and has nothing: whoever only read leaves it so, and who has just begun it anew."""
    try:
        return Path(f"{path}-wal").stat().st_size == 0
    except OSError:
        return False


def is_empty(path: str) -> bool:
    """Say whether the SQLite file at `path` has no table: only the page that says that it keeps a log."""
    return int.from_bytes(_header(path)[28:32], "big") == 1


def _header(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(100)
    except OSError:
        return b""
