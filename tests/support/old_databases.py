"""Databases as earlier versions made them, see tests/storage/databases."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from optuna.storages import RDBStorage
from sqlalchemy.pool import StaticPool

from hpo.storage import schema
from hpo.storage.migration import version_1

FOLDER = Path(__file__).parents[1] / "storage" / "databases"
NAMES = sorted(path.name.removesuffix(".sql.gz") for path in FOLDER.glob("*.sql.gz"))
ON_A_SERVER = ("certificate_only", "comparison", "finished", "meddled_with")
"""Those that show what is different on PostgreSQL, where making a database takes a second."""

EVERYWHERE = [("sqlite", name) for name in NAMES] + [("postgresql", name) for name in ON_A_SERVER]
""""database_url" and "name" for tests of all of them."""


def expected(name: str) -> dict[str, Any]:
    """Return what the version that made the database `name` said of each of its studies."""
    found: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))
    return found


def restore(name: str, url: str) -> None:
    """Fill the empty database at `url` with the tables of the database `name`."""
    script = gzip.decompress((FOLDER / f"{name}.sql.gz").read_bytes()).decode()
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.executescript(script)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
        return
    source = sa.create_engine("sqlite://", poolclass=StaticPool)
    with source.connect() as there:
        raw: Any = there.connection.driver_connection
        raw.executescript(script)
    _copy_to_a_server(source, url)
    source.dispose()


def _copy_to_a_server(source: sa.Engine, url: str) -> None:
    storage = RDBStorage(url)  # makes Optuna's tables
    ours = [schema.curves, schema.networks, schema.uploads]
    with storage.engine.begin() as target, source.connect() as there:
        version_1.metadata.create_all(target)
        schema.metadata.create_all(target, tables=ours)
        for table in (*version_1.OPTUNA.sorted_tables, *version_1.metadata.sorted_tables, *ours):
            rows = [dict(row) for row in there.execute(sa.select(table)).mappings()]
            if rows and table.name != "version_info":
                target.execute(table.insert(), rows)
            (key, *more) = table.primary_key.columns
            if not more and isinstance(key.type, sa.Integer) and key.autoincrement is not False and rows:
                last = max(row[key.name] for row in rows)
                advance = sa.text("SELECT setval(pg_get_serial_sequence(:name, :key), :last)")
                if table.name not in ("version_info", "hpo_schema_version"):
                    target.execute(advance, {"name": table.name, "key": key.name, "last": last})
    storage.remove_session()
    storage.engine.dispose()


def everything(url: str) -> dict[str, list[Any]]:
    """Return all rows of all tables."""
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
        found = {
            table.name: sorted(map(str, connection.execute(sa.select(table)).all())) for table in metadata.sorted_tables
        }
    engine.dispose()
    return found
