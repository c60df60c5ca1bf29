"""What a process counts of itself, and what is counted of it from outside: statements, CPU, memory, connections."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import sqlalchemy as sa

_BRACKETS = ("begin", "commit", "rollback", "savepoint", "release")
"""What opens and closes a transaction: on PostgreSQL the driver sends it unseen, so it counts nowhere."""


class Meter:
    """Counts the statements and the transactions of the engines it watches, and this process's CPU seconds."""

    def __init__(self) -> None:
        self.statements = self.transactions = 0
        self._cpu = 0.0

    def watch(self, engine: sa.Engine) -> None:
        """Count what `engine` does from now on. A statement for many rows is one; reads are transactions, too."""

        @sa.event.listens_for(engine, "before_cursor_execute")
        def statement(connection: object, cursor: object, text: str, *more: object) -> None:
            del connection, cursor, more
            self.statements += not text.lstrip().lower().startswith(_BRACKETS)

        @sa.event.listens_for(engine, "commit")
        @sa.event.listens_for(engine, "rollback")
        def transaction(connection: object) -> None:
            del connection
            self.transactions += 1

    def start(self) -> None:
        """Count from now on."""
        self.statements = self.transactions = 0
        self._cpu = time.process_time()

    def record(self) -> dict[str, float]:
        """Return what was counted since the start."""
        cpu = time.process_time() - self._cpu
        return {"statements": self.statements, "transactions": self.transactions, "cpu": cpu}


def memory_mb(pid: int | str = "self") -> float | None:
    """Return the resident memory of a process in MB (10^6 bytes); None where /proc does not say it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
    return None


def family_cpu(pid: int) -> float:
    """Return the CPU seconds of a process, of those under it, and of those of them that have ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == pid:
                ticks += int(fields[11]) + int(fields[12])
            elif int(stat.parent.name) == pid:
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def open_connections(pid: int, url: str) -> int:
    """Return how many connections to the database at `url` a process has: open files of SQLite's, or sockets."""
    parsed = sa.make_url(url)
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(entry.readlink()))
    if parsed.get_backend_name() == "sqlite":
        return links.count(str(Path(parsed.database or "").resolve()))
    peers = _sockets_to(int(parsed.port or 5432))
    return sum(link in peers for link in links)


def _sockets_to(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if int(fields[2].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found
