"""One database for everything: Optuna's tables and ours, opened with the settings that many processes need."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import optuna
import sqlalchemy as sa
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from hpo.storage.errors import NoDatabaseError, UserError, to_install
from hpo.storage.holders import LEASE_SECONDS
from hpo.storage.patience import DATABASE_ERRORS, Patience, reason_of
from hpo.storage.schema import SCHEMA_VERSION, metadata, schema_version, studies
from hpo.storage.stamps import alone
from hpo.storage.supported import EXAMPLES
from hpo.storage.urls import database_url, shown, without_password
from hpo.storage.wal import ShortLog, has_an_empty_log, is_empty, lacks_its_log

__all__ = ["SQLITE_TIMEOUT", "Database", "database_errors", "shown"]

T = TypeVar("T")
Work = Callable[[sa.Connection], T]
"""What is done in one transaction; it may be done again where the first one was lost."""

SQLITE_TIMEOUT = 10.0
"""Seconds Optuna's storage waits for another one's write. Under 5 s, 16 processes see "database is locked"."""

SQLITE_STEP = 1.0
"""The same for our own transactions: SQLite waits without hearing of Ctrl-C, and Patience, which tries again, does."""

CONNECT_SECONDS, LINK_SECONDS, LOCK_SECONDS, IDLE_SECONDS = 10, 20, 10, 15
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
        self._path = _file_of(url)
        if read_only or checked or not create:
            _require_existing(url)
        self._lacked_its_log = _refuse_an_empty_copy(self._path)
        self._had_an_empty_log = self._path is not None and has_an_empty_log(self._path)
        with database_errors(url):
            self.engine: sa.Engine = _engine(url, read_only=read_only, patient=self.patience.seconds > 0)
            self._writer = self.engine.execution_options(**{_WRITES: True, _DURABLE: False})
            self._durable_writer = self.engine.execution_options(**{_WRITES: True, _DURABLE: True})
            try:
                if read_only:
                    self.patience.call(self._look_at_version)
                elif not checked:
                    self.patience.call(lambda: _unless_created_meanwhile(self._prepare_tables))
                self._file, self._log = _identity(self._path), ShortLog(self._path)
                if not read_only and (doubt := self.doubt()):
                    self.patience.say(doubt)
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
        found = self._in_transaction(self._durable_writer if durable else self._writer, work)
        with suppress(*DATABASE_ERRORS):  # what was written is written; the log can wait
            self._log.keep(self.engine)
        return found

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
        if self._file is not None and _identity(self._path) != self._file:
            raise UserError(
                f"the database {shown(self.url)} was removed or replaced while in use, so what is written now would be "
                "lost; put it back, or leave it, and run the same command again"
            )

    def doubt(self) -> str:
        """Return a sentence where the SQLite file may have been copied from under a search without its log, or ""."""
        if self._path is None or not (self._lacked_its_log or self._had_an_empty_log):
            return ""
        led = sa.select(studies.c.id).where(studies.c.leader.is_not(None)).limit(1)
        if not self._lacked_its_log:  # then a search may run
            led = led.where(studies.c.leader_until < time.time() - LEASE_SECONDS)
        if self.read(lambda connection: connection.execute(led).first()) is None:
            return ""
        name = Path(self._path).name
        return (
            f"a search in {name} did not end in order, and {name}-wal is not beside it: if {name} was copied while the "
            "search ran, what was written last is missing here (hpo backup makes a whole copy)"
        )

    @cached_property
    def optuna(self) -> optuna.storages.BaseStorage:
        """Optuna's storage on the same database, with connections of its own: for the dashboard and what it shows."""
        with database_errors(self.url):
            return optuna.storages.get_storage(self._backend(checked=True))

    def _backend(self, *, checked: bool) -> Any:
        from hpo.storage.forgiving import ForgivingStorage  # noqa: PLC0415 - workers never need it

        timeout = SQLITE_TIMEOUT if checked else SQLITE_STEP
        options = _options(sa.make_url(self.url), read_only=self._read_only, timeout=timeout)
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
            alone(connection)
            known = sa.inspect(connection).has_table(schema_version.name)
            found = connection.execute(sa.select(schema_version.c.version)).scalar() if known else None
            if found is not None and found < SCHEMA_VERSION:
                from hpo.storage.migration.upgrade import bring_up_to_date  # noqa: PLC0415 - once in a database's life

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
                    "a search first"
                )
            found = connection.execute(sa.select(schema_version.c.version)).scalar() or 0
            self._refuse_newer(found)
        if found < SCHEMA_VERSION:
            from hpo.storage.migration.upgrade import upgraded_copy  # noqa: PLC0415

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
        'relation "': "it was changed while in use; run the same command again",
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
    return engine


def _options(url: sa.URL, *, read_only: bool, timeout: float = SQLITE_STEP, patient: bool = False) -> dict[str, Any]:
    """Return what SQLAlchemy's create_engine is to be told about the database at `url`.

    `timeout` is how long SQLite waits for another process's write, in seconds.
    """
    pool = {"pool_size": 1, "max_overflow": 9}
    if url.get_backend_name() == "postgresql":
        # A server may have closed a connection meanwhile: patience tries again; without it the pool looks first.
        # A pooler gives every transaction another connection: nothing may be prepared, or set for more than one.
        link = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2}
        link |= {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 1000 * LINK_SECONDS}
        given = {name: value for name, value in link.items() if name not in url.query}
        reading = {"execution_options": {"postgresql_readonly": True}} if read_only else {}
        return {**pool, **reading, "pool_pre_ping": not patient, "connect_args": {"prepare_threshold": None, **given}}
    if read_only and url.database and not url.database.startswith("file:"):
        return {**pool, "creator": partial(_connect_read_only, Path(url.database), timeout)}
    # isolation_level None leaves BEGIN to the event of _set_up.
    return {**pool, "connect_args": {"timeout": timeout, "isolation_level": None}}


def _connect_read_only(path: Path, timeout: float) -> sqlite3.Connection:
    """Open the SQLite file `path` for reading.

    Beside a file in WAL mode SQLite keeps two others, also for readers. Where it cannot make them and no others are
    there, nobody writes, so it may be told that the file does not change.
    """
    alone = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    query = "mode=ro&immutable=1" if alone else "mode=ro"
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{query}", uri=True, timeout=timeout, check_same_thread=False
    )


def _file_of(url: str) -> str | None:
    """Return the path of the SQLite file at `url`; None for a server, and for what is opened in other ways."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database.startswith("file:"):
        return None
    return str(Path(parsed.database).absolute())


def _identity(path: str | None) -> tuple[int, int] | None:
    """Return what tells this file from every other one; None for a server, and where it is gone."""
    try:
        found = None if path is None else os.stat(path)  # noqa: PTH116 - before every transaction
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def _refuse_an_empty_copy(path: str | None) -> bool:
    """Say whether the log of the SQLite file at `path` is missing. Raises NoDatabaseError if all that it had was there.

    For a moment it looks the same while another process makes the database.
    """
    for attempt in range(_OPEN_ATTEMPTS):
        if path is None or not lacks_its_log(path):
            return False
        if not is_empty(path):
            return True
        time.sleep(0.05 * attempt)
    name = Path(path or "").name
    raise NoDatabaseError(
        f"{path} is empty: it was copied, or moved, while it was in use, and all that was written was in {name}-wal "
        "beside it; copy that file, too (hpo backup makes a whole copy), or delete this one to begin anew"
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
