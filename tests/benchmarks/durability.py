"""`python -m tests.benchmarks.durability`: what it costs to have every report on the disk before it counts as one.

A report is one transaction, with a row that changes and a curve of some kilobytes. Both ways take turns in one run, so
that a busy machine slows both: SQLite with synchronous=FULL and NORMAL, PostgreSQL with synchronous_commit on and off.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from rich.table import Table

from hpo.storage.database import Database
from tests.benchmarks.printing import console

CURVE_BYTES = 4000

reports = sa.Table(
    "reports",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("state", sa.String(16)),
    sa.Column("curve", sa.LargeBinary),
)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=300, metavar="N", help="of each kind")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="on the disk that is meant (default: a new one)")
    parser.add_argument("--storage", metavar="URL", help="an empty PostgreSQL database, with fsync on, to measure too")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        found = {"SQLite": measure(f"sqlite:///{folder}/hpo.db", asked.reports)}
        if asked.storage:
            found["PostgreSQL"] = measure(asked.storage, asked.reports)
    if asked.json:
        print(json.dumps(found))
        return
    table = Table("database", "durable, ms", "not durable, ms", "costs, ms a report")
    for name, sides in found.items():
        durable, other = sides["durable"], sides["not durable"]
        table.add_row(name, _spread(durable), _spread(other), f"{median(durable) - median(other):.2f}")
    console().print(table)


def measure(url: str, count: int) -> dict[str, list[float]]:
    """Return the milliseconds of `count` reports of each kind, which take turns."""
    found: dict[str, list[float]] = {"durable": [], "not durable": []}
    with Database(url) as database:
        database.write(reports.create)
        try:
            for number in range(2 * count):
                durable = number % 2 == 0
                began = time.perf_counter()
                database.write(_report(number), durable=durable)
                found["durable" if durable else "not durable"].append(1000 * (time.perf_counter() - began))
        finally:
            database.write(reports.drop)
    return found


def _report(number: int) -> Callable[[sa.Connection], object]:
    row = {"id": number, "state": "complete", "curve": bytes(CURVE_BYTES)}
    return lambda connection: connection.execute(reports.insert().values(**row))


def _spread(milliseconds: list[float]) -> str:
    """Return the median, and the range that nine of ten lie in."""
    ordered = sorted(milliseconds)
    low, high = (ordered[int(share * (len(ordered) - 1))] for share in (0.05, 0.95))
    return f"{median(ordered):.2f} ({low:.2f} .. {high:.2f})"


if __name__ == "__main__":
    main()
