"""A database that is gone for a while: a server stopped or crashed, connections that are cut, a dead link, a lock."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import time

import sqlalchemy as sa

from tests.faults import processes
from tests.faults.link import Link
from tests.faults.registry import POSTGRESQL, SQLITE, WrongError, fault
from tests.faults.scene import Scene


def _stop_server(scene: Scene, mode: str, down: float) -> None:
    run = scene.run()
    scene.somewhere()
    scene.server.stop(mode)
    scene.sleep(down)
    scene.server.start()
    scene.ended(run)


@fault(POSTGRESQL)
def server_restarted(scene: Scene) -> None:
    """The server is stopped in order (fast) and started again at once."""
    _stop_server(scene, "fast", scene.random.choice([0.0, 1.0]))


@fault(POSTGRESQL)
def server_crashed(scene: Scene) -> None:
    """The server is stopped without order (immediate) and started again at once."""
    _stop_server(scene, "immediate", scene.random.choice([0.0, 1.0]))


@fault(POSTGRESQL)
def server_restarted_again_and_again(scene: Scene) -> None:
    """The server is restarted eight times in one search."""
    run = scene.run()
    scene.somewhere(most=0.2)
    for _ in range(8):
        scene.server.stop(scene.random.choice(["fast", "immediate"]))
        scene.server.start()
        scene.sleep(scene.random.uniform(0.1, 1.0))
    scene.ended(run)


@fault(POSTGRESQL)
def server_down(scene: Scene) -> None:
    """The server is down for a minute."""
    _stop_server(scene, scene.random.choice(["fast", "immediate"]), scene.lab.durations.down)


@fault(POSTGRESQL)
def ctrl_c_while_the_server_is_down(scene: Scene) -> None:
    """Ctrl-C while the server is down ends the run within seconds; the same command goes on."""
    run = scene.run(codes=(0, 130))
    scene.somewhere()
    scene.server.stop("fast")
    scene.sleep(scene.random.uniform(0, 3))
    began = time.monotonic()
    _interrupt(run.pid)
    with contextlib.suppress(WrongError):
        scene.ended(run, seconds=15)
    if time.monotonic() - began > 10:
        scene.wrongs.append(f"Ctrl-C was answered after {time.monotonic() - began:.0f} s")
    scene.server.start()
    scene.ended(run)
    scene.resume()


def _interrupt(pid: int) -> None:
    processes.send(signal.SIGINT, [processes.Process(pid, 0, "")])


@fault(POSTGRESQL)
def connections_terminated(scene: Scene) -> None:
    """All connections are terminated by the server's administrator, up to four times."""
    run = scene.run()
    for _ in range(scene.random.randint(1, 4)):
        scene.somewhere()
        scene.server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{scene.mark}'")
        scene.sleep(0.3)
    scene.ended(run)


@fault(POSTGRESQL)
def link_down(scene: Scene) -> None:
    """The network between all processes and the server is dead for longer than a lease: nothing is answered."""
    with Link(scene.server.port) as link:
        direct, scene.url = scene.url, f"postgresql+psycopg://hpo@127.0.0.1:{link.port}/{scene.mark}"
        run = scene.run()
        scene.url = direct
        scene.somewhere()
        link.freeze()
        scene.sleep(scene.lab.durations.past_the_lease + scene.random.uniform(0, 3))
        link.thaw()
        scene.ended(run)


@fault(POSTGRESQL)
def ctrl_c_while_the_link_is_down(scene: Scene) -> None:
    """Ctrl-C while nothing is answered ends the run within seconds; the same command goes on."""
    with Link(scene.server.port) as link:
        direct, scene.url = scene.url, f"postgresql+psycopg://hpo@127.0.0.1:{link.port}/{scene.mark}"
        run = scene.run(codes=(0, 130))
        scene.url = direct
        scene.somewhere()
        link.freeze()
        scene.sleep(scene.random.uniform(0, 3))
        _interrupt(run.pid)
        try:
            scene.ended(run, seconds=15)
        except WrongError:
            scene.wrongs.append("Ctrl-C was not answered within 15 s")
            scene.kill_all()
    scene.sleep(0.1)
    scene.check_left_over()
    scene.resume()


@fault(SQLITE)
def database_locked(scene: Scene) -> None:
    """Another program holds the database's write lock for more than a minute."""
    run = scene.run()
    scene.somewhere()
    if scene.file.exists():
        connection = sqlite3.connect(scene.file, timeout=30, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("BEGIN EXCLUSIVE")
            scene.sleep(scene.lab.durations.locked)
            connection.execute("ROLLBACK")
    scene.ended(run)


@fault(POSTGRESQL)
def tables_locked(scene: Scene) -> None:
    """Another program locks the tables for more than a minute."""
    run = scene.run()
    scene.somewhere()
    engine = sa.create_engine(scene.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        ours = [name for name in names if name.startswith("hpo_") or name in ("trials", "studies")]
        if ours:
            connection.exec_driver_sql("SET lock_timeout = '20s'")
            with contextlib.suppress(sa.exc.SQLAlchemyError):  # it was a deadlock, and we were the one to give way
                connection.exec_driver_sql(f"LOCK TABLE {', '.join(ours)} IN ACCESS EXCLUSIVE MODE")
                scene.sleep(scene.lab.durations.locked)
        connection.rollback()
    scene.ended(run)
