"""Databases of earlier versions, brought up to date when they are opened: as a whole, or not at all.

Version 1, where Optuna's tables were the truth, ended with the queue in tables of our own (hpo.storage.schema).
"""

from __future__ import annotations

import sqlite3
from typing import Any

import optuna
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import NULLTYPE

from hpo.storage import schema
from hpo.storage.errors import UserError
from hpo.storage.migration import from_version_1, version_1
from hpo.storage.stamps import is_sqlite, now

_BATCH = 500


def bring_up_to_date(connection: sa.Connection, found: int) -> None:
    """Bring tables of the version `found` up to date, in the transaction of `connection`.

    Raises UserError, with nothing written, while a process of an earlier version uses the database.
    """
    if found == 1:
        if not is_sqlite(connection):  # a large study takes longer to be thought over than a stopped process may keep
            connection.execute(sa.text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)"))
        _refuse_while_used(connection)
        _to_version_2(connection, worked_on=False)


def upgraded_copy(engine: sa.Engine, found: int) -> sa.Engine:
    """Return an engine on a copy in memory, brought up to date, of a database that is only to be read.

    Those who only look need not wait for a search of an earlier version to end.
    """
    copy = sa.create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False, "isolation_level": None}
    )
    with copy.begin() as here:
        target = here.connection.driver_connection
        if not isinstance(target, sqlite3.Connection):
            raise TypeError(f"a copy in memory is not SQLite's but {type(target).__name__}")
        if engine.dialect.name == "sqlite":
            with engine.connect() as there:
                source: Any = there.connection.driver_connection
                source.backup(target)
        else:
            _copy_rows(engine, here)
        if found == 1:
            _to_version_2(here, worked_on=True)
        here.execute(schema.schema_version.delete())
        versions = {"version": schema.SCHEMA_VERSION, "optuna": optuna.__version__}
        here.execute(schema.schema_version.insert().values(**versions))
        target.execute("PRAGMA query_only=ON")
    return copy


def _copy_rows(engine: sa.Engine, here: sa.Connection) -> None:
    """Copy all tables into the empty SQLite database `here`, as they are at one moment."""
    version_1.OPTUNA.create_all(here)
    version_1.metadata.create_all(here)
    ours = [schema.curves, schema.networks, schema.uploads]
    schema.metadata.create_all(here, tables=ours)
    tables = [*version_1.OPTUNA.sorted_tables, *version_1.metadata.sorted_tables, *ours]
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as there:
        inspector = sa.inspect(there)
        known = set(inspector.get_table_names())
        for table in tables:
            if table.name not in known:
                continue
            has = {column["name"] for column in inspector.get_columns(table.name)}
            rows = there.execution_options(yield_per=_BATCH).execute(sa.select(*(c for c in table.c if c.name in has)))
            for some in rows.mappings().partitions():
                here.execute(table.insert(), [dict(row) for row in some])


def _refuse_while_used(connection: sa.Connection) -> None:
    """Raise UserError while a process of version 1 holds a lease: what it writes would go where nobody looks."""
    leases = version_1.leases
    age = (now(connection) - leases.c.renewed_at).label("age")
    alive = sa.select(leases.c.holder, age).where(age < version_1.LEASE_SECONDS).order_by(age)
    found = connection.execute(alive).first()
    if found is not None:
        raise UserError(
            "a search of an earlier version of this program is using this database, and it can be brought up to date "
            f"only while nobody does: the process {found.holder} was heard of {max(0.0, found.age):.0f} s ago; stop it "
            f"(Ctrl-C; finished trials are kept), or wait {version_1.LEASE_SECONDS} s if it was killed, and run the "
            "same command again"
        )


def _to_version_2(connection: sa.Connection, *, worked_on: bool) -> None:
    """Fill the tables of version 2 from those of version 1, and drop those that are no more."""
    schema.metadata.create_all(connection)
    _begin_ids_after_all_others(connection)
    shows = from_version_1.bring(connection, version_1.read_studies(connection), worked_on=worked_on)
    _copy_the_ledger(connection, shows)
    version_1.leases.drop(connection)
    version_1.test_openings.drop(connection)
    columns = {column["name"] for column in sa.inspect(connection).get_columns("hpo_schema_version")}
    if "optuna" not in columns:
        connection.execute(sa.text("ALTER TABLE hpo_schema_version ADD COLUMN optuna VARCHAR(64)"))


def _begin_ids_after_all_others(connection: sa.Connection) -> None:
    """Let new trials have ids that none of Optuna's has, and nothing that is kept of a trial: ours keep theirs."""
    used = (
        version_1.TRIALS.c.trial_id,
        schema.curves.c.trial_id,
        schema.networks.c.trial_id,
        version_1.test_openings.c.trial_id,
    )
    last = max(connection.execute(sa.select(sa.func.max(column))).scalar() or 0 for column in used)
    if not last:
        return
    name = schema.trials.name
    if is_sqlite(connection):
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
        connection.execute(sa.text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), {"name": name, "last": last})
    else:
        advance = sa.text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
        connection.execute(advance, {"name": name, "last": last})


def _copy_the_ledger(connection: sa.Connection, shows: dict[int, str]) -> None:
    """Copy the ledger: of each trial and purpose the first entry.

    Optuna gives the ids of deleted trials to others. So an entry about a trial that is not, or no more, its study's
    keeps what it says, under a number that is nobody's.
    """
    trials, old = version_1.TRIALS, version_1.test_openings
    owner = {
        trial_id: shows.get(study_id)
        for trial_id, study_id in connection.execute(sa.select(trials.c.trial_id, trials.c.study_id))
    }
    columns = ("study", "trial_id", "purpose", "dataset")
    moments = sa.type_coerce(old.c.opened_at, NULLTYPE).label("evaluated_at")  # as they are: SQLite takes anything
    query = sa.select(old.c.id, *(old.c[name] for name in columns), moments).order_by(old.c.id)
    kept: dict[tuple[int, str], dict[str, Any]] = {}
    for row in connection.execute(query):
        theirs = owner.get(row.trial_id) == row.study
        entry = {**row._mapping, "trial_id": row.trial_id if theirs else -row.id}
        del entry["id"]
        kept.setdefault((entry["trial_id"], row.purpose), entry)
    if kept:
        new = sa.table(schema.test_evaluations.name, *(sa.column(name) for name in (*columns, "evaluated_at")))
        connection.execute(new.insert(), list(kept.values()))
