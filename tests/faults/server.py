"""A PostgreSQL server of our own, which may be stopped, killed and started again."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import sqlalchemy as sa

from tests.faults.registry import SkippedError


class Server:
    """One server in a folder of its own, started when it is made."""

    def __init__(self) -> None:
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [Path(shutil.which("postgres") or "")]
        self._binaries = binaries[-1].parent
        if not (self._binaries / "initdb").exists():
            raise SkippedError("no PostgreSQL server is installed; on Debian: apt-get install postgresql")
        self._user = "postgres" if os.getuid() == 0 else getpass.getuser()  # a server refuses to run as root
        self.folder = Path(tempfile.mkdtemp(prefix="hpo-faults-postgres-"))
        if os.getuid() == 0:
            shutil.chown(self.folder, self._user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._run("initdb", "-D", self._data, "-U", "hpo", "-A", "trust", "-N")
        self.start()

    @property
    def url(self) -> str:
        """Where it is, without a database."""
        return f"postgresql+psycopg://hpo@127.0.0.1:{self.port}"

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        as_user = {"user": self._user} if os.getuid() == 0 else {}
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            check=check,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            start_new_session=True,  # Ctrl-C of the campaign is none of its own
            **as_user,  # type: ignore[call-overload]
        )
        return done.returncode

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._run("pg_ctl", "-D", self._data, "status", check=False) == 0:
            return
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -F"
        self._run("pg_ctl", "-D", self._data, "-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self, mode: str) -> None:
        """Stop it: `fast` ends the connections in order, `immediate` is a crash."""
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop", check=False)

    def create_database(self, name: str) -> str:
        """Make a database and return its URL."""
        self.execute(f"CREATE DATABASE {name}")
        return f"{self.url}/{name}"

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Execute one statement outside of any database of ours."""
        engine = sa.create_engine(f"{self.url}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def close(self) -> None:
        """End it and remove all it has."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
