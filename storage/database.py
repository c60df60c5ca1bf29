"""One database for everything: Optuna's tables and ours, opened with the settings that many processes need."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import optuna
import sqlalchemy as sa
from optuna.storages import BaseStorage
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from hpo.storage.errors import NoDatabaseError, UserError, to_install
from hpo.storage.forgiving import ForgivingStorage
from hpo.storage.schema import SCHEMA_VERSION, metadata, schema_version
from hpo.storage.supported import EXAMPLES
from hpo.storage.urls import database_url, shown, without_password

__all__ = ["SQLITE_TIMEOUT", "Database", "database_errors", "shown"]

T = TypeVar("T")

SQLITE_TIMEOUT = 60.0
"""Seconds a process waits for another one's write. Under 5 s, 16 processes see "database is locked"."""

_OPEN_ATTEMPTS = 8


class Database:
    """Optuna's storage at `url` and the engine under it, which our own tables share.

    With `read_only` nothing is written, not even a lock, so a file or a server that takes no writes will do; then it
    must exist. Raises UserError where the URL is not understood, the database cannot be reached, or it was written by a
    newer version.
    """

    def __init__(self, url: str, *, create: bool = True, read_only: bool = False) -> None:
        self.url = url = database_url(url)
        if read_only or not create:
            _require_existing(url)
        with database_errors(url):
            backend = _open(url, read_only=read_only)
            self.engine: sa.Engine = backend.engine
            self.optuna: BaseStorage = optuna.storages.get_storage(backend)
            try:
                if read_only:
                    self._check_version()
                else:
                    _unless_created_meanwhile(self._prepare_tables)
            except BaseException:
                self.close()
                raise

    def _prepare_tables(self) -> None:
        with self.engine.begin() as connection:
            metadata.create_all(connection)
            found = connection.execute(sa.select(schema_version.c.version)).scalar()
            if found is None:
                connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
            else:
                self._refuse_newer(found)

    def _check_version(self) -> None:
        with self.engine.begin() as connection:
            self._refuse_newer(connection.execute(sa.select(schema_version.c.version)).scalar() or 0)

    def _refuse_newer(self, found: int) -> None:
        if found > SCHEMA_VERSION:
            raise UserError(
                f"{shown(self.url)} was written by a newer version of this program (tables of version {found}, "
                f"this one knows {SCHEMA_VERSION}); update hpo-service, or use another --storage"
            )

    def study_names(self) -> list[str]:
        """Return the names of all studies there are, also of those that cannot be read any further."""
        names = sa.select(sa.column("study_name", sa.String)).select_from(sa.table("studies"))
        with self.engine.begin() as connection:
            return sorted(map(str, connection.execute(names).scalars()))

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.optuna.remove_session()
        self.engine.dispose()


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Turn what a database says when it is gone, locked, read-only or full into a UserError."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, sqlite3.Error) as error:
        reason = without_password(_reason(error), url)
        raise UserError(f"the database {shown(url)} cannot be used: {reason}; {_way_out(error)}") from error


def _reason(error: BaseException) -> str:
    """Return the driver's own words: the innermost cause says more than its wrappers."""
    cause: BaseException = error
    while True:
        inner = getattr(cause, "orig", None) or cause.__cause__
        if inner is None:
            return " ".join(str(cause).split()) or type(cause).__name__
        cause = inner


def _way_out(error: BaseException) -> str:
    text = _reason(error)
    hints = {
        "locked": "another program holds it; close that program, or wait, and run the same command again",
        "disk": "free some space and run the same command again: finished trials are kept",
        "readonly": "make the file and its folder writable",
        "not a database": "it is not an SQLite file; name another one with --storage",
        "no such table": "it was changed while in use; run the same command again",
        "unable to open": "check that the folder exists and can be written",
        "password": "check the user and password in --storage",
        "does not exist": "create it first, or check its name in --storage",
    }
    return next((hint for key, hint in hints.items() if key in text), "check --storage and that the server runs")


def _require_existing(url: str) -> None:
    """Raise UserError if `url` names an SQLite file that is not there, rather than making an empty one."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    if not parsed.database.startswith("file:") and not Path(parsed.database).exists():
        text = f"there is no database {parsed.database}; name one with --storage, or start a search first"
        raise NoDatabaseError(text)


def _open(url: str, *, read_only: bool) -> ForgivingStorage:
    """Return Optuna's storage with its engine set up for many processes."""
    parsed = sa.make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    try:
        options = _options(parsed, read_only=read_only)
        if read_only:
            _require_tables(url, options)
        backend = _unless_created_meanwhile(
            lambda: ForgivingStorage(url, engine_kwargs=options, skip_table_creation=read_only)
        )
    except (NoSuchModuleError, ImportError) as error:
        postgres = parsed.get_backend_name() == "postgresql"
        hint = f"for PostgreSQL: {to_install('postgres')}" if postgres else f"a database that works: {EXAMPLES}"
        raise UserError(f"no driver for the database {shown(url)}; {hint}") from error
    except ValueError as error:
        raise UserError(f"--storage {shown(url)}: {without_password(str(error), url)}") from error
    except RuntimeError as error:  # Optuna's own word for tables of another Optuna version
        reason = without_password(str(error), url)
        raise UserError(f"the database {shown(url)} does not fit the installed Optuna: {reason}") from error
    if sqlite:
        (_forbid_writes if read_only else _tune_sqlite)(backend.engine)
    return backend


def _options(url: sa.URL, *, read_only: bool) -> dict[str, Any]:
    """Return what SQLAlchemy's create_engine is to be told about the database at `url`."""
    if url.get_backend_name() != "sqlite":
        # A server may have closed a connection meanwhile, so the pool checks it before it is used; a file does not.
        options: dict[str, Any] = {"pool_pre_ping": True}
        if read_only and url.get_backend_name() == "postgresql":
            options["connect_args"] = {"options": "-c default_transaction_read_only=on"}
        return options
    if read_only and url.database and not url.database.startswith("file:"):
        return {"creator": partial(_connect_read_only, Path(url.database))}
    # isolation_level None leaves BEGIN to the event of _tune_sqlite.
    return {"connect_args": {"timeout": SQLITE_TIMEOUT, "isolation_level": None}}


def _connect_read_only(path: Path) -> sqlite3.Connection:
    """Open the SQLite file `path` for reading.

    Beside a file in WAL mode SQLite keeps two others, also for readers. Where it cannot make them and no others are
    there, nobody writes, so it may be told that the file does not change.
    """
    alone = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    query = "mode=ro&immutable=1" if alone else "mode=ro"
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{query}", uri=True, timeout=SQLITE_TIMEOUT, check_same_thread=False
    )


def _forbid_writes(engine: sa.Engine) -> None:
    """Let SQLite refuse every write, also where the user's own `file:` URL would let it write."""

    @sa.event.listens_for(engine, "connect")
    def set_query_only(connection: sqlite3.Connection, record: object) -> None:
        del record
        connection.execute("PRAGMA query_only=ON")

    engine.dispose()


def _require_tables(url: str, options: Mapping[str, Any]) -> None:
    """Raise UserError if our tables are not in the database at `url`, which is only to be read."""
    engine = sa.create_engine(url, **options)
    try:
        if not sa.inspect(engine).has_table(schema_version.name):
            raise NoDatabaseError(
                f"{shown(url)} holds no study of this program; name another database with --storage, or start a search "
                "first"
            )
    finally:
        engine.dispose()


def _unless_created_meanwhile(create: Callable[[], T]) -> T:
    """Return `create()`, tried again where another process is creating the same tables at the same moment.

    SQLite answers "locked" at once where waiting could be a deadlock: two processes that have read and now want to
    write, or that both switch the file to WAL. After a wait, the answer is meant.
    """
    for attempt in range(1, _OPEN_ATTEMPTS):
        began = time.monotonic()
        try:
            return create()
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            reason = _reason(error)
            at_once = "locked" in reason and time.monotonic() - began < SQLITE_TIMEOUT / 2
            if not at_once and not any(sign in reason for sign in ("already exists", "UNIQUE", "unique")):
                raise
            time.sleep(0.1 * attempt)
    return create()


def _tune_sqlite(engine: sa.Engine) -> None:
    """Make SQLite fast and safe under many processes.

    WAL with synchronous=NORMAL brings a report from 20 ms to under 1 ms and survives a killed process. BEGIN IMMEDIATE
    takes the write lock before reading; with SQLite's default two processes claim the same queued trial.
    """

    @sa.event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, record: object) -> None:
        del record
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @sa.event.listens_for(engine, "begin")
    def begin_immediate(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()  # the connections made while opening do not have these settings
