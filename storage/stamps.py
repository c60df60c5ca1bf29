"""What SQLite and PostgreSQL say differently: the time, what changed since, and how a row is taken beside others.

Every row of the queue carries a stamp that its last change gave it, so that who has read all rows once need only read
those with a stamp from his horizon on. SQLite has one writer at a time, so a stamp is one more than the last.
PostgreSQL has many: there it is the number of the transaction, and the horizon the oldest one that was still open while
he read; what was written by it and is seen later has at least that stamp. A row may be read twice, and none is missed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from hpo.storage.schema import trials

_BUILT: dict[tuple[object, ...], Any] = {}


def once(connection: sa.Connection, build: Callable[..., Any], *how: object) -> Any:
    """Return the statement `build(connection, *how)`, which is built once for each kind of database.

    Building one takes SQLAlchemy several times as long as executing it, and others wait for what a transaction holds.
    """
    key = (connection.dialect.name, build, *how)
    if key not in _BUILT:
        _BUILT[key] = build(connection, *how)
    return _BUILT[key]


def is_sqlite(connection: sa.Connection) -> bool:
    """Say which of the two it is."""
    return connection.dialect.name == "sqlite"


def alone(connection: sa.Connection) -> None:
    """Let nobody else prepare tables or make a study until this transaction is over; SQLite has one writer anyway."""
    if not is_sqlite(connection):
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('hpo tables'))"))


def now(connection: sa.Connection) -> sa.ColumnElement[float]:
    """Return the database's time in seconds since 1970, as an expression: the clocks of many machines differ."""
    if is_sqlite(connection):
        return sa.literal_column("((julianday('now') - 2440587.5) * 86400.0)", sa.Double)
    return sa.literal_column("extract(epoch from clock_timestamp())::float8", sa.Double)


def stamp(connection: sa.Connection, study_id: int | sa.BindParameter[int]) -> sa.ColumnElement[int]:
    """Return the stamp of what changes in this transaction, as an expression."""
    if is_sqlite(connection):
        return _last(study_id) + 1
    return sa.literal_column("pg_current_xact_id()::text::bigint", sa.BigInteger)


def horizon(connection: sa.Connection, study_id: int) -> int:
    """Return the stamp from which on a later reader must look, if he reads all there is now."""
    if is_sqlite(connection):
        return int(connection.execute(sa.select(_last(study_id) + 1)).scalar_one())
    oldest = sa.literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", sa.BigInteger)
    return int(connection.execute(sa.select(oldest)).scalar_one())


def _last(study_id: int | sa.BindParameter[int]) -> sa.ColumnElement[int]:
    last = sa.select(sa.func.max(trials.c.changed)).where(trials.c.study_id == study_id).scalar_subquery()
    return sa.func.coalesce(last, 0)
