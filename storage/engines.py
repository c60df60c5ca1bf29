"""A connection pool with the settings that many processes need: how long one waits, and what a write waits for."""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import NoSuchModuleError

from hpo.storage.errors import UserError, to_install
from hpo.storage.supported import EXAMPLES
from hpo.storage.urls import shown, without_password

SQLITE_TIMEOUT = 10.0
"""Seconds Optuna's storage waits for another one's write. Under 5 s, 16 processes see "database is locked"."""

SQLITE_STEP = 1.0
"""The same for our own transactions: SQLite waits without hearing of Ctrl-C, and Patience, which tries again, does."""

CONNECT_SECONDS, LINK_SECONDS, LOCK_SECONDS, IDLE_SECONDS = 10, 20, 10, 15
"""On PostgreSQL: for a connection, for a link that went down, for a row that another one has, and for a transaction
whose process was stopped in the middle of it, after which the server gives its rows back."""

WRITES, DURABLE = "hpo_writes", "hpo_durable"
"""Execution options of an engine: whether its transactions write, and whether they wait for the disk."""


def new_engine(url: str, *, read_only: bool, patient: bool) -> sa.Engine:
    """Return an engine set up for many processes; each needs a connection, and its heart one for a moment."""
    parsed = sa.make_url(url)
    try:
        engine = sa.create_engine(url, **options_of(parsed, read_only=read_only, patient=patient))
    except (NoSuchModuleError, ImportError) as error:
        postgres = parsed.get_backend_name() == "postgresql"
        hint = f"for PostgreSQL: {to_install('postgres')}" if postgres else f"a database that works: {EXAMPLES}"
        raise UserError(f"no driver for the database {shown(url)}; {hint}") from error
    except ValueError as error:
        raise UserError(f"--storage {shown(url)}: {without_password(str(error), url)}") from error
    set_up(engine, read_only=read_only, always_writes=False)
    return engine


def options_of(url: sa.URL, *, read_only: bool, timeout: float = SQLITE_STEP, patient: bool = False) -> dict[str, Any]:
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


def set_up(engine: sa.Engine, *, read_only: bool, always_writes: bool) -> None:
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
        record.info[DURABLE] = True

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        asked = connection.get_execution_options()
        if read_only or not (always_writes or asked.get(WRITES)):
            connection.exec_driver_sql("BEGIN")
            return
        durable = asked.get(DURABLE, True)
        if connection.info.get(DURABLE) != durable:
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.info[DURABLE] = durable
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    if always_writes:
        engine.dispose()  # the connections made while opening do not have these settings


def _limit_waiting(connection: sa.Connection) -> None:
    """Set the limits of this transaction alone: behind a pooler, the next one has another connection."""
    asked = connection.get_execution_options()
    limits = [("lock_timeout", f"{LOCK_SECONDS}s"), ("idle_in_transaction_session_timeout", f"{IDLE_SECONDS}s")]
    if not asked.get(DURABLE, True):
        limits.append(("synchronous_commit", "off"))
    if asked.get(WRITES):
        connection.exec_driver_sql("SELECT " + ", ".join(f"set_config('{k}', '{v}', true)" for k, v in limits))
