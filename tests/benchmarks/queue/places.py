"""Where the databases of the benchmark lie: files of SQLite in a folder, or a PostgreSQL server of our own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from tests.benchmarks.queue.meters import family_cpu

SQLITE, POSTGRESQL = "sqlite", "postgresql"
KINDS = (SQLITE, POSTGRESQL)


class Place(Protocol):
    """Makes databases, and drops them."""

    kind: str

    def new(self, name: str) -> str:
        """Return the URL of an empty database."""

    def copy(self, url: str, name: str) -> str:
        """Return the URL of a copy of the database at `url`, which nobody uses."""

    def drop(self, url: str) -> None:
        """Drop a database that nobody uses."""

    def cpu(self) -> float:
        """Return the CPU seconds of the server so far; 0 where there is none."""

    def describe(self) -> str:
        """Return the version, and what a durable write takes."""


class Files:
    """SQLite in a folder."""

    kind = SQLITE

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.db"

    def copy(self, url: str, name: str) -> str:
        copied = self.new(name)
        source, target = (sqlite3.connect(str(sa.make_url(each).database)) for each in (url, copied))
        source.backup(target)
        source.close()
        target.close()
        return copied

    def drop(self, url: str) -> None:
        path = str(sa.make_url(url).database)
        for each in (path, f"{path}-wal", f"{path}-shm"):
            Path(each).unlink(missing_ok=True)

    def cpu(self) -> float:
        return 0.0

    def describe(self) -> str:
        milliseconds = 1e3 * fsync_seconds(self._folder)
        return f"SQLite {sqlite3.sqlite_version}; a write and an fsync here take {milliseconds:.2f} ms"


class Server:
    """A PostgreSQL server that was started here, with its settings as they come."""

    kind = POSTGRESQL

    def __init__(self, url: str, pid: int, folder: Path) -> None:
        self._url, self._pid, self._folder = url, pid, folder

    def new(self, name: str) -> str:
        return self._create(name, "")

    def copy(self, url: str, name: str) -> str:
        return self._create(name, f"TEMPLATE {sa.make_url(url).database}")

    def _create(self, name: str, how: str) -> str:
        self._run(f"CREATE DATABASE {name} {how}", "CHECKPOINT")
        return f"{self._url}/{name}"

    def drop(self, url: str) -> None:
        self._run(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def cpu(self) -> float:
        return family_cpu(self._pid)

    def describe(self) -> str:
        version = self._run("SHOW server_version").split()[0]
        seconds = fsync_seconds(self._folder)
        return f"PostgreSQL {version}, fsync on; a write and an fsync here take {1e3 * seconds:.2f} ms"

    def _run(self, *commands: str) -> str:
        engine = sa.create_engine(f"{self._url}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        said = ""
        with engine.connect() as connection:
            for command in commands:
                result = connection.exec_driver_sql(command)
                said = str(result.scalar()) if result.returns_rows else ""
        return said


@contextmanager
def place(kind: str) -> Iterator[Place]:
    """Give a place for databases of `kind`. Raises FileNotFoundError where no PostgreSQL is installed."""
    with tempfile.TemporaryDirectory(prefix="hpo-queue-") as folder:
        if kind == SQLITE:
            yield Files(Path(folder))
            return
        with _server(Path(folder)) as server:
            yield server


@contextmanager
def _server(folder: Path) -> Iterator[Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [Path(shutil.which("postgres") or "")]
    binaries = found[-1].parent
    if not (binaries / "initdb").exists():
        raise FileNotFoundError("no PostgreSQL server is installed; on Debian: apt-get install postgresql")
    user = "postgres" if os.getuid() == 0 else getpass.getuser()  # a server refuses to run as root
    if os.getuid() == 0:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        as_user = {"user": user} if os.getuid() == 0 else {}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_user)  # type: ignore[call-overload]

    data = folder / "data"
    run(str(binaries / "initdb"), "-D", str(data), "-U", "hpo", "-A", "trust", "-N")
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c max_connections=300"
    run(str(binaries / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        yield Server(f"postgresql+psycopg://hpo@127.0.0.1:{port}", pid, folder)
    finally:
        run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


def fsync_seconds(folder: Path, times: int = 20) -> float:
    """Return what a write of 4 kB and its fsync take in `folder`, the median of `times`."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            started = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - started)
    return sorted(taken)[times // 2]
