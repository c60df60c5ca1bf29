"""A whole copy of an SQLite database that is in use: as it was at one moment, with all that is in its log."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from hpo.storage.errors import NoDatabaseError, UserError
from hpo.storage.urls import database_url, shown

PAGES = 2048
"""How many are copied in one step: 8 MB."""


def copy_database(url: str, target: Path, *, replace: bool, step: Callable[[int, int], None]) -> int:
    """Copy the SQLite database at `url` to the file `target`, and return its size in bytes.

    Nobody is held up: a search goes on writing, and the copy is what was there when it began. It is written beside
    `target` and gets its name once it is on the disk; `step` is called with the pages that are left, and with all of
    them. Raises UserError where there is nothing to copy or nowhere to put it, and sqlite3.Error.
    """
    url = database_url(url)
    source = _source(url)
    target = target.absolute()
    if target.exists() and target.samefile(source):
        raise UserError(f"{target} is the database itself; name another file")
    if target.is_dir():
        raise UserError(f"{target} is a folder; name a file in it, such as {target / source.name}")
    if target.exists() and not replace:
        raise UserError(f"{target} exists; name another file, or add --force to replace it")
    if Path(f"{target}-wal").exists():  # it would be taken for the log of the copy
        raise UserError(f"{target} is a database that is in use, or was left in the middle: {target}-wal is beside it")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror}; name another file") from error
    os.close(handle)
    half = Path(name)
    try:
        _copy(source, half, step)
        half.chmod(source.stat().st_mode & 0o666)
        _to_the_disk(half)
        half.replace(target)
        _to_the_disk(target.parent)
    finally:
        half.unlink(missing_ok=True)
    return target.stat().st_size


def _source(url: str) -> Path:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        plain = shown(url).replace("postgresql+psycopg://", "postgresql://").replace(":***@", "@")
        raise UserError(
            f"hpo backup copies SQLite files; a PostgreSQL server makes its own: pg_dump --format=custom "
            f"--file=hpo.dump {plain!r} (it asks for the password, and may run while a search does)"
        )
    path = Path(parsed.database or "")
    if not path.is_file():
        raise NoDatabaseError(f"there is no database {path}; name one with --storage")
    return path.absolute()


def _copy(source: Path, half: Path, step: Callable[[int, int], None]) -> None:
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, isolation_level=None)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on, it reads this moment alone
        with closing(sqlite3.connect(half, isolation_level=None)) as writing:
            reading.backup(writing, pages=PAGES, progress=lambda _, left, all_pages: step(left, all_pages))
            # A copy in WAL mode would be opened with a log that it does not have; the next search turns that on again.
            writing.execute("PRAGMA journal_mode=DELETE")


def _to_the_disk(path: Path) -> None:
    """Wait until what was written to a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
