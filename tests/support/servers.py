"""PostgreSQL servers of our own, which may be stopped, crash and start again, and what may stand in front of them."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

PASSWORD_USER, PASSWORD = "carol", "right"
"""The only one who is asked for a password."""


class Server:
    """One server in a folder of its own; its user is hpo."""

    def __init__(self) -> None:
        """Make it and start it; skips the test where no PostgreSQL is installed."""
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [Path(shutil.which("postgres") or "")]
        self._binaries = binaries[-1].parent
        if not (self._binaries / "initdb").exists():
            pytest.skip("no PostgreSQL server is installed; on Debian: apt-get install postgresql")
        self.user = "postgres" if os.getuid() == 0 else getpass.getuser()  # a server refuses to run as root
        self.folder = Path(tempfile.mkdtemp(prefix="hpo-postgres-"))  # pytest's own folders are closed to other users
        self._data = self.folder / "data"
        if os.getuid() == 0:
            shutil.chown(self.folder, self.user)
        self.port = free_port()
        self._run("initdb", "-U", "hpo", "-A", "trust", "-N")
        asked = self._data / "pg_hba.conf"
        asked.write_text(f"host all {PASSWORD_USER} all scram-sha-256\n{asked.read_text()}")
        self.start()
        self.execute(f"CREATE ROLE {PASSWORD_USER} LOGIN PASSWORD '{PASSWORD}'")

    @property
    def url(self) -> str:
        """Where it is, without a database."""
        return f"postgresql+psycopg://hpo@127.0.0.1:{self.port}"

    def _run(self, program: str, *arguments: str) -> None:
        as_user = {"user": self.user} if os.getuid() == 0 else {}
        command = [str(self._binaries / program), "-D", str(self._data), *arguments]
        subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=self.folder, **as_user
        )  # type: ignore[call-overload]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -F"
        self._run("pg_ctl", "-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self, mode: str) -> None:
        """Stop it: `fast` ends what is connected in order, `immediate` is a crash."""
        self._run("pg_ctl", "-m", mode, "-w", "stop")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let all its processes stand still meanwhile: it takes connections, and nobody answers."""
        first = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        pids = [first, *map(int, children)]

        def tell(number: signal.Signals) -> None:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):  # it served a connection that is closed
                    os.kill(pid, number)

        tell(signal.SIGSTOP)
        try:
            yield
        finally:
            tell(signal.SIGCONT)

    def create_database(self, name: str) -> str:
        """Make an empty database and return its URL."""
        self.execute(f"CREATE DATABASE {name}")
        return f"{self.url}/{name}"

    def execute(self, statement: str) -> None:
        """Execute one statement beside all databases of ours."""
        engine = sa.create_engine(f"{self.url}/postgres", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def cut_connections(self, name: str) -> None:
        """End all connections to the database `name`."""
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def close(self) -> None:
        """End it and remove all it has."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def pooler(server: Server) -> Iterator[str]:
    """Run PgBouncer in transaction mode in front of `server`, and return its URL without a database; or skip."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("no PgBouncer is installed; on Debian: apt-get install pgbouncer")
    folder, port = Path(tempfile.mkdtemp(prefix="hpo-pooler-")), free_port()
    (folder / "users").write_text('"hpo" ""\n')
    (folder / "ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users\n"
        "pool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 200\nserver_login_retry = 1\n"
    )
    as_user = {"user": server.user} if os.getuid() == 0 else {}
    for path in (folder, *folder.iterdir()):
        if as_user:
            shutil.chown(path, server.user)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "ini")], stdout=log, stderr=log, **as_user)  # type: ignore[call-overload]
    try:
        wait_for_port(port)
        yield f"postgresql+psycopg://hpo@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


STARTING = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"


@contextlib.contextmanager
def just_starting(port: int, times: int) -> Iterator[int]:
    """Answer as a server that is just starting, so many times, then as the one on `port`; return the port to ask."""
    with contextlib.ExitStack() as open_sockets, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            answered = 0
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    client, _ = listener.accept()
                    client.settimeout(None)
                    open_sockets.enter_context(client)
                    if answered < times:
                        _say_starting(client)
                        answered += 1
                        continue
                    server = open_sockets.enter_context(socket.create_connection(("127.0.0.1", port)))
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=_carry, args=pair, daemon=True).start()

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            serving.join()


def _say_starting(client: socket.socket) -> None:
    if client.recv(1024)[4:8] == b"\x04\xd2\x16\x2f":  # asks for SSL first
        client.sendall(b"N")
        client.recv(1024)
    client.sendall(b"E" + (len(STARTING) + 4).to_bytes(4, "big") + STARTING)
    client.close()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def free_port() -> int:
    """Return the number of a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Wait until somebody listens there."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens at port {port}")
