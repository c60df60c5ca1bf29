"""Writing rows in place of those that have the same key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> None:
    """Write `rows`, which name the same columns, in place of those with the same `key`."""
    if not rows:
        return
    statement = _upsert(connection.dialect.name, table, tuple(rows[0]), tuple(key))
    connection.execute(statement, rows[0] if len(rows) == 1 else list(rows))


def insert_new(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Write a row unless one with the same key is there."""
    connection.execute(_insert(connection.dialect.name, table).values(**row).on_conflict_do_nothing())


@cache
def _upsert(dialect: str, table: sa.Table, names: tuple[str, ...], key: tuple[str, ...]) -> Any:
    """Return the statement for such rows: built and compiled once, which takes longer than to execute it.

    SQLAlchemy compiles one that holds the rows themselves anew each time.
    """
    statement = _insert(dialect, table).values({name: sa.bindparam(name) for name in names})
    changed = {name: statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changed)


def _insert(dialect: str, table: sa.Table) -> Any:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
