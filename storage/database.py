"""One database for everything: Optuna's tables and ours, opened with the settings that many processes need."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import optuna
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from hpo.storage.engines import DURABLE, SQLITE_STEP, SQLITE_TIMEOUT, WRITES, new_engine, options_of, set_up
from hpo.storage.errors import NoDatabaseError, UserError
from hpo.storage.holders import LEASE_SECONDS
from hpo.storage.patience import DATABASE_ERRORS, Patience, reason_of
from hpo.storage.schema import SCHEMA_VERSION, metadata, schema_version, studies
from hpo.storage.stamps import alone
from hpo.storage.urls import database_url, shown, without_password
from hpo.storage.wal import ShortLog, has_an_empty_log, is_empty, lacks_its_log

__all__ = ["SQLITE_TIMEOUT", "Database", "database_errors", "shown"]

T = TypeVar("T")
Work = Callable[[sa.Connection], T]
"""What is done in one transaction; it may be done again where the first one was lost."""

_OPEN_ATTEMPTS = 8


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
            self.engine: sa.Engine = new_engine(url, read_only=read_only, patient=self.patience.seconds > 0)
            self._writer = self.engine.execution_options(**{WRITES: True, DURABLE: False})
            self._durable_writer = self.engine.execution_options(**{WRITES: True, DURABLE: True})
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
        options = options_of(sa.make_url(self.url), read_only=self._read_only, timeout=timeout)
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
        set_up(backend.engine, read_only=self._read_only, always_writes=True)
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
