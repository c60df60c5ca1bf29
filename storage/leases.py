"""Leases: who works on what, for as long as they keep saying so. One row a lease, held by one process at a time.

A worker holds a lease on each trial it trains, a coordinator one on its study. A lease that was not renewed for
`lease_seconds`, or whose process is gone from this very machine, is free for anyone: so any process notices the death
of any other. Times are the database's own, because the clocks of many machines differ.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hpo.storage.schema import leases

LEASE_SECONDS = 30.0
RENEW_SECONDS = 5.0


def this_host() -> str:
    """Return a name for the set of processes whose ids mean the same: the host, and on Linux its pid namespace."""
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = Path("/proc/self/ns/pid").readlink().name
    return f"{socket.gethostname()}/{namespace}"


@dataclass(frozen=True)
class Holder:
    """A process that holds leases. Its name is unique, also among processes with the same id on other hosts."""

    host: str = field(default_factory=this_host)
    pid: int = field(default_factory=os.getpid)
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")


class Leases:
    """The leases in one database, seen by one holder."""

    def __init__(self, engine: sa.Engine, holder: Holder | None = None, lease_seconds: float = LEASE_SECONDS) -> None:
        self._engine = engine
        self.holder = holder or Holder()
        self._lease_seconds = lease_seconds

    def acquire(self, name: str) -> bool:
        """Take the lease `name` if it is free, expired or already ours; say whether it is ours now."""
        values = {"holder": self.holder.name, "host": self.holder.host, "pid": self.holder.pid}
        try:
            with self._engine.begin() as connection:
                row = connection.execute(sa.select(leases).where(leases.c.name == name).with_for_update()).first()
                now = _now(connection)
                if row is None:
                    connection.execute(leases.insert().values(name=name, renewed_at=now, **values))
                    return True
                if row.holder != self.holder.name and not self._is_free(row, now):
                    return False
                connection.execute(leases.update().where(leases.c.name == name).values(renewed_at=now, **values))
                return True
        except IntegrityError:  # somebody inserted the same name between our select and our insert
            return False

    def renew(self) -> None:
        """Say for every lease of this holder that its process is alive."""
        with self._engine.begin() as connection:
            mine = leases.c.holder == self.holder.name
            connection.execute(leases.update().where(mine).values(renewed_at=_now(connection)))

    def holds(self, name: str) -> bool:
        """Say whether the lease `name` is this holder's (nobody took it over)."""
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(leases.c.holder).where(leases.c.name == name)).first()
        return row is not None and row.holder == self.holder.name

    def release(self, name: str) -> None:
        """Give the lease `name` back, if it is ours."""
        with self._engine.begin() as connection:
            connection.execute(leases.delete().where(leases.c.name == name).where(leases.c.holder == self.holder.name))

    def is_taken(self, name: str) -> bool:
        """Say whether a living process holds the lease `name`."""
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(leases).where(leases.c.name == name)).first()
            return row is not None and not self._is_free(row, _now(connection))

    def _is_free(self, row: sa.Row[tuple[str, str, str, int, float]], now: float) -> bool:
        if now - row.renewed_at > self._lease_seconds:
            return True
        return bool(row.host == self.holder.host) and not _is_alive(row.pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _now(connection: sa.Connection) -> float:
    """Return the database's time in seconds since 1970."""
    now = connection.execute(sa.select(sa.func.current_timestamp())).scalar_one()
    if isinstance(now, str):
        now = datetime.datetime.fromisoformat(now)
    if now.tzinfo is None:
        now = now.replace(tzinfo=datetime.UTC)
    return float(now.timestamp())
