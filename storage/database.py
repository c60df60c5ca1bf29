"""One database for everything: Optuna's tables and ours, opened with the settings that many processes need."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import optuna
import sqlalchemy as sa
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from hpo.storage.errors import NoDatabaseError, UserError, to_install
from hpo.storage.patience import DATABASE_ERRORS, Patience, reason_of
from hpo.storage.schema import SCHEMA_VERSION, metadata, schema_version
from hpo.storage.supported import EXAMPLES
from hpo.storage.urls import database_url, shown, without_password

__all__ = ["SQLITE_TIMEOUT", "Database", "database_errors", "shown"]

T = TypeVar("T")
Work = Callable[[sa.Connection], T]
"""What is done in one transaction; it may be done again where the first one was lost."""

SQLITE_TIMEOUT = 60.0
"""Seconds a process waits for another one's write. Under 5 s, 16 processes see "database is locked"."""

SQLITE_STEP = 1.0
"""The same where Patience tries again: SQLite waits without hearing of Ctrl-C, Patience does."""

CONNECT_SECONDS, LINK_SECONDS, LOCK_SECONDS, IDLE_SECONDS = 10, 20, 20, 15
"""On PostgreSQL: for a connection, for a link that went down, for a row that another one has, and for a transaction
whose process was stopped in the middle of it, after which the server gives its rows back."""

_OPEN_ATTEMPTS = 8
_WRITES, _DURABLE = "hpo_writes", "hpo_durable"


class Database:
    """The database at `url`: transactions that read and write our tables, and Optuna's storage beside them.

    With `read_only` nothing is written, not even a lock, so a file or a server that takes no writes will do; then it
    must exist. `checked` says that another process has just made or found the tables in order. `patience` says how long
    a transaction is tried again while the database is gone. Raises UserError where the URL is not understood, the
    database cannot be reached, or it was written by a newer version.
    """

    def __init__(
        self,
        url: str,
        *,
        create: bool = True,
        read_only: bool = False,
        checked: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self.url = url = database_url(url)
        self._read_only, self.patience = read_only, patience or Patience()
        if read_only or not create:
            _require_existing(url)
        with database_errors(url):
            self.engine: sa.Engine = _engine(url, read_only=read_only, patient=self.patience.seconds > 0)
            self._writer = self.engine.execution_options(**{_WRITES: True, _DURABLE: False})
            self._durable_writer = self.engine.execution_options(**{_WRITES: True, _DURABLE: True})
            try:
                if read_only:
                    self._look_at_version()
                elif not checked:
                    self.patience.call(lambda: _unless_created_meanwhile(self._prepare_tables))
                self._file = _identity(url)
            except BaseException:
                self.close()
                raise

    def read(self, work: Work[T]) -> T:
        """Return what `work` returns, in a transaction that only reads."""
        return self._in_transaction(self.engine, work)

    def write(self, work: Work[T], *, durable: bool = True) -> T:
        """Return what `work` returns, in a transaction that writes all of it, or nothing if it raises.

        A `durable` one survives a power cut once this returns; another one may be lost in it, and what came after it
        with it, but nothing that came before.
        """
        return self._in_transaction(self._durable_writer if durable else self._writer, work)

    def _in_transaction(self, engine: sa.Engine, work: Work[T]) -> T:
        def attempt() -> T:
            self.require_same_file()
            with engine.begin() as connection:
                return work(connection)

        return self.patience.call(attempt)

    def require_same_file(self) -> None:
        """Raise UserError where the SQLite file was removed or replaced since it was opened.

        SQLite goes on with the file that it has open, which nobody will find again.
        """
        if self._file is not None and _identity(self.url) != self._file:
            raise UserError(
                f"the database {shown(self.url)} was removed or replaced while in use, so what is written now would be "
                "lost; put it back, or leave it, and run the same command again"
            )

    @cached_property
    def optuna(self) -> optuna.storages.BaseStorage:
        """Optuna's storage on the same database, with connections of its own: for the dashboard and what it shows."""
        with database_errors(self.url):
            return optuna.storages.get_storage(self._backend(checked=True))

    def _backend(self, *, checked: bool) -> Any:
        from hpo.storage.forgiving import ForgivingStorage  # noqa: PLC0415 - workers never need it

        options = _options(sa.make_url(self.url), read_only=self._read_only, patient=False)
        if self._read_only:
            options["execution_options"] = {"postgresql_readonly": True}
        try:
            backend = ForgivingStorage(
                self.url,
                engine_kwargs=options,
                skip_compatibility_check=checked,
                skip_table_creation=checked or self._read_only,
            )
        except RuntimeError as error:  # Optuna's own word for tables of another Optuna version
            reason = without_password(str(error), self.url)
            raise UserError(f"the database {shown(self.url)} does not fit the installed Optuna: {reason}") from error
        _set_up(backend.engine, read_only=self._read_only, always_writes=True)
        return backend

    def _prepare_tables(self) -> None:
        """Make Optuna's tables and ours, or bring them up to date, unless that was done already."""
        if self._found() == (SCHEMA_VERSION, optuna.__version__):
            return
        backend = self._backend(checked=False)
        backend.remove_session()
        backend.engine.dispose()
        with self._durable_writer.begin() as connection:
            known = sa.inspect(connection).has_table(schema_version.name)
            found = connection.execute(sa.select(schema_version.c.version)).scalar() if known else None
            if found is not None and found < SCHEMA_VERSION:
                from hpo.storage.migration import bring_up_to_date  # noqa: PLC0415 - once in a database's life

                bring_up_to_date(connection, found)
            metadata.create_all(connection)
            if found is not None:
                self._refuse_newer(found)
                connection.execute(schema_version.delete())
            connection.execute(schema_version.insert().values(version=SCHEMA_VERSION, optuna=optuna.__version__))

    def _found(self) -> tuple[int, str] | None:
        """Return the versions of our tables and of Optuna's; None where there are none, or older ones."""
        with self.engine.begin() as connection:
            inspector = sa.inspect(connection)
            if not inspector.has_table(schema_version.name):
                return None
            version = connection.execute(sa.select(schema_version.c.version)).scalar() or 0
            self._refuse_newer(version)
            if version < SCHEMA_VERSION:
                return None
            return version, str(connection.execute(sa.select(schema_version.c.optuna)).scalar())

    def _look_at_version(self) -> None:
        """Refuse what is not ours or newer; read what is older from a copy in memory that is brought up to date."""
        with self.engine.begin() as connection:
            if not sa.inspect(connection).has_table(schema_version.name):
                raise NoDatabaseError(
                    f"{shown(self.url)} holds no study of this program; name another database with --storage, or start "
                    f"a search first{_hint_at_the_wal(self.url)}"
                )
            found = connection.execute(sa.select(schema_version.c.version)).scalar() or 0
            self._refuse_newer(found)
        if found < SCHEMA_VERSION:
            from hpo.storage.migration import upgraded_copy  # noqa: PLC0415

            copy = upgraded_copy(self.engine, found)
            self.engine.dispose()
            self.engine = copy

    def _refuse_newer(self, found: int) -> None:
        if found > SCHEMA_VERSION:
            raise UserError(
                f"{shown(self.url)} was written by a newer version of this program (tables of version {found}, "
                f"this one knows {SCHEMA_VERSION}); update hpo-service, or use another --storage"
            )

    def study_names(self) -> list[str]:
        """Return the names of all studies that Optuna's tables show, whoever made them."""
        names = sa.select(sa.column("study_name", sa.String)).select_from(sa.table("studies"))
        return sorted(map(str, self.read(lambda connection: connection.execute(names).scalars().all())))

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        storage = self.__dict__.pop("optuna", None)
        if storage is not None:
            storage.remove_session()
            getattr(storage, "_backend", storage).engine.dispose()
        self.engine.dispose()


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Turn what a database says when it is gone, locked, read-only or full into a UserError."""
    try:
        yield
    except DATABASE_ERRORS as error:
        reason = without_password(reason_of(error), url)
        raise UserError(f"the database {shown(url)} cannot be used: {reason}; {_way_out(error)}") from error


def _way_out(error: BaseException) -> str:
    text = reason_of(error)
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


def _engine(url: str, *, read_only: bool, patient: bool) -> sa.Engine:
    """Return an engine set up for many processes; each needs a connection, and its heart one for a moment."""
    parsed = sa.make_url(url)
    try:
        engine = sa.create_engine(url, **_options(parsed, read_only=read_only, patient=patient))
    except (NoSuchModuleError, ImportError) as error:
        postgres = parsed.get_backend_name() == "postgresql"
        hint = f"for PostgreSQL: {to_install('postgres')}" if postgres else f"a database that works: {EXAMPLES}"
        raise UserError(f"no driver for the database {shown(url)}; {hint}") from error
    except ValueError as error:
        raise UserError(f"--storage {shown(url)}: {without_password(str(error), url)}") from error
    _set_up(engine, read_only=read_only, always_writes=False)
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


def _options(url: sa.URL, *, read_only: bool, patient: bool) -> dict[str, Any]:
    """Return what SQLAlchemy's create_engine is to be told about the database at `url`."""
    pool = {"pool_size": 1, "max_overflow": 9}
    if url.get_backend_name() == "postgresql":
        # A server may have closed a connection meanwhile, so the pool checks it before it is used; a file does not.
        # A pooler gives every transaction another connection: nothing may be prepared, or set for more than one.
        link = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2}
        link |= {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 1000 * LINK_SECONDS}
        given = {name: value for name, value in link.items() if name not in url.query}
        return {**pool, "pool_pre_ping": True, "connect_args": {"prepare_threshold": None, **given}}
    timeout = SQLITE_STEP if patient else SQLITE_TIMEOUT
    if read_only and url.database and not url.database.startswith("file:"):
        return {**pool, "creator": partial(_connect_read_only, Path(url.database))}
    # isolation_level None leaves BEGIN to the event of _set_up.
    return {**pool, "connect_args": {"timeout": timeout, "isolation_level": None}}


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


def _identity(url: str) -> tuple[int, int] | None:
    """Return what tells the SQLite file at `url` from every other one; None for a server, and where it is gone."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database.startswith("file:"):
        return None
    try:
        found = Path(parsed.database).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _hint_at_the_wal(url: str) -> str:
    """Return what to add where an SQLite file says that a second one beside it has what was written last."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or Path(f"{parsed.database}-wal").exists():
        return ""
    try:
        with Path(parsed.database).open("rb") as file:
            wal = file.read(20)[18:20] == b"\x02\x02"
    except OSError:
        return ""
    return (
        f". If it was copied from a search that ran: what was written last was in {Path(parsed.database).name}-wal "
        "beside it, which must be copied, too (hpo backup makes a whole copy)"
        if wal
        else ""
    )


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
            reason = reason_of(error)
            at_once = "locked" in reason and time.monotonic() - began < SQLITE_TIMEOUT / 2
            if not at_once and not any(sign in reason for sign in ("already exists", "UNIQUE", "unique")):
                raise
            time.sleep(0.1 * attempt)
    return create()


def _set_up(engine: sa.Engine, *, read_only: bool, always_writes: bool) -> None:
    """Make the engine fast and safe under many processes.

    SQLite: a transaction that will write takes the write lock before it reads; with SQLite's default two processes
    claim the same trial. One that only reads takes none. WAL lets both go on beside each other; with synchronous=FULL a
    transaction is on the disk when it is over, with NORMAL only safe from a killed process.
    PostgreSQL: no transaction waits for a lock, or stays open behind a process that was stopped, for ever.
    """
    if engine.dialect.name == "postgresql":
        if not read_only:
            sa.event.listen(engine, "begin", _limit_waiting)
        return

    @sa.event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, record: Any) -> None:
        if read_only:
            connection.execute("PRAGMA query_only=ON")
            return
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        record.info[_DURABLE] = True

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        asked = connection.get_execution_options()
        if read_only or not (always_writes or asked.get(_WRITES)):
            connection.exec_driver_sql("BEGIN")
            return
        durable = asked.get(_DURABLE, True)
        if connection.info.get(_DURABLE) != durable:
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.info[_DURABLE] = durable
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    if always_writes:
        engine.dispose()  # the connections made while opening do not have these settings


def _limit_waiting(connection: sa.Connection) -> None:
    """Set the limits of this transaction alone: behind a pooler, the next one has another connection."""
    asked = connection.get_execution_options()
    limits = [("lock_timeout", f"{LOCK_SECONDS}s"), ("idle_in_transaction_session_timeout", f"{IDLE_SECONDS}s")]
    if not asked.get(_DURABLE, True):
        limits.append(("synchronous_commit", "off"))
    if asked.get(_WRITES):
        connection.exec_driver_sql("SELECT " + ", ".join(f"set_config('{k}', '{v}', true)" for k, v in limits))
