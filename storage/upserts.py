"""Writing rows in place of those that have the same key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> None:
    """Write `rows`, which name the same columns, in place of those with the same `key`, in one statement."""
    if not rows:
        return
    statement = _insert(connection, table).values(list(rows))
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


def insert_new(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Write a row unless one with the same key is there."""
    connection.execute(_insert(connection, table).values(**row).on_conflict_do_nothing())


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)
