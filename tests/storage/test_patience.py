"""Patience with a database, on both: what is waited for, how, and what is said at once."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from hpo.storage import engines
from hpo.storage import patience as waiting
from hpo.storage.database import Database, database_errors
from hpo.storage.errors import UserError
from hpo.storage.patience import Patience
from tests.conftest import ROOT
from tests.support.servers import PASSWORD, PASSWORD_USER, Server, free_port, just_starting, pooler

marks = sa.Table("marks", sa.MetaData(), sa.Column("number", sa.Integer, primary_key=True), sa.Column("text", sa.Text))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def url(server: Server, request: pytest.FixtureRequest) -> str:
    """Return the URL of a fresh database on a server that a test may stop."""
    return server.create_database(f"db_{abs(hash(request.node.nodeid)) % 10**9}")


def marked(url: str, patience: Patience | None = None) -> Database:
    """Open the database at `url` with a table to write into."""
    database = Database(url, patience=patience)
    database.write(lambda connection: marks.create(connection, checkfirst=True))
    return database


def mark(number: int, text: str = "") -> object:
    """Return the work of writing a row; twice is once."""

    def work(connection: sa.Connection) -> None:
        if connection.execute(sa.select(marks).where(marks.c.number == number)).first() is None:
            connection.execute(marks.insert().values(number=number, text=text))

    return work


def numbers(database: Database) -> list[int]:
    return database.read(lambda connection: list(connection.execute(sa.select(marks.c.number)).scalars()))


@contextlib.contextmanager
def another_process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `code` in another process, which says a line when it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("ready", flush=True)
sys.stdin.readline()
"""


def test_a_write_waits_for_the_lock_of_another_process_says_so_once_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SAID_AFTER", 0.5)
    said: list[str] = []
    with marked(f"sqlite:///{tmp_path / 'hpo.db'}", Patience(60, said.append)) as database:
        with another_process(LOCK, str(tmp_path / "hpo.db")) as holder:
            assert numbers(database) == [], "reading waits for nobody"
            threading.Timer(2.5, holder.kill).start()
            database.write(mark(1))
        assert numbers(database) == [1]
    first, second = said
    assert first.startswith("the database does not answer (database is locked); waiting for it, for up to 60 seconds")
    assert second == "the database answers again"


def test_a_short_lock_is_waited_for_without_any_patience_or_a_word(tmp_path: Path) -> None:
    said: list[str] = []
    with marked(f"sqlite:///{tmp_path / 'hpo.db'}", Patience(0, said.append)) as database:
        with another_process(LOCK, str(tmp_path / "hpo.db")) as holder:
            threading.Timer(1.5, holder.kill).start()
            database.write(mark(1))
        assert numbers(database) == [1]
    assert said == []


def test_patience_ends_and_the_last_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOCKED_SECONDS", 0.5)
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    with marked(url) as database, another_process(LOCK, str(tmp_path / "hpo.db")), database_errors(url):
        began = time.monotonic()
        with pytest.raises(sa.exc.OperationalError) as told:
            database.write(mark(1))
        assert time.monotonic() - began < 10
    with pytest.raises(UserError, match=r"locked.*another program holds it"), database_errors(url):
        raise told.value


class StopError(Exception):
    pass


def test_a_pause_can_be_broken_off(tmp_path: Path) -> None:
    def stop(_: float) -> None:
        raise StopError

    with marked(f"sqlite:///{tmp_path / 'hpo.db'}", Patience(600, pause=stop)) as database:
        with another_process(LOCK, str(tmp_path / "hpo.db")):
            began = time.monotonic()
            with pytest.raises(StopError):
                database.write(mark(1))
        assert time.monotonic() - began < 10


def _write_some(url: str, first: int, failures: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    try:
        with Database(url, checked=True) as database:
            for i in range(5):
                database.write(mark(first + i), durable=i % 2 == 0)
        failures.put(None)
    except Exception as error:
        failures.put(repr(error))


def test_sixty_four_processes_write_into_one_sqlite_file_without_an_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    with marked(url) as database:
        context = multiprocessing.get_context("fork")
        failures = context.Queue()
        processes = [context.Process(target=_write_some, args=(url, 10 * i, failures)) for i in range(64)]
        for process in processes:
            process.start()
        assert [failures.get(timeout=100) for _ in processes] == [None] * 64
        for process in processes:
            process.join()
        assert len(numbers(database)) == 5 * 64


class Writer:
    """Writes one number after the other from a thread of its own, until it is told to end."""

    def __init__(self, database: Database) -> None:
        self._database, self._ended = database, threading.Event()
        self.written, self.error = 0, ""
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        try:
            while not self._ended.is_set():
                self._database.write(mark(self.written))
                self.written += 1
        except Exception as error:
            self.error = repr(error)

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + 60
        target = self.written + count
        while self.written < target and not self.error and time.monotonic() < end:
            time.sleep(0.002)
        assert not self.error

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_stopped_between_transactions_and_in_them_loses_none_that_was_confirmed(
    server: Server, url: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SAID_AFTER", 0.1)
    said: list[str] = []
    with marked(url, Patience(60, said.append)) as database:
        with Writer(database) as writer:
            for _ in range(3):
                writer.wait_for(20)
                server.stop(mode)
                time.sleep(0.3)  # so that it is missed
                server.start()
            writer.wait_for(20)
        assert numbers(database) == list(range(writer.written))
    assert len(said) == 6
    assert said[1::2] == ["the database answers again"] * 3


def test_connections_that_are_cut_are_made_again(server: Server, url: str) -> None:
    with marked(url, Patience(60)) as database:
        with Writer(database) as writer:
            for _ in range(20):
                writer.wait_for(3)
                server.cut_connections(sa.make_url(url).database or "")
            writer.wait_for(3)
        assert numbers(database) == list(range(writer.written))


IN_TRANSACTION = """
import sys, sqlalchemy as sa
from hpo.storage import database, engines
engines.IDLE_SECONDS = 1
from hpo.storage.patience import Patience
with database.Database(sys.argv[1], patience=Patience(60)) as opened:
    def work(connection):
        connection.exec_driver_sql("UPDATE marks SET text = text || 'x' WHERE number = 1")
        print("ready", flush=True)
        sys.stdin.readline()
    opened.write(work)
    print("done", flush=True)
"""


def test_a_process_that_is_stopped_in_a_transaction_gives_its_rows_back_and_goes_on_later(url: str) -> None:
    with marked(url, Patience(60)) as database:
        database.write(mark(1))
        with another_process(IN_TRANSACTION, url) as stopped:
            os.kill(stopped.pid, signal.SIGSTOP)
            began = time.monotonic()
            database.write(lambda connection: connection.execute(marks.update().values(text="other")))
            assert 0.3 < time.monotonic() - began < 8
            os.kill(stopped.pid, signal.SIGCONT)
            printed, _ = stopped.communicate("\n\n", timeout=30)
            assert printed == "ready\ndone\n", "it was told that its transaction is over, and did it again"
        found = database.read(lambda connection: connection.execute(sa.select(marks.c.text)).scalar())
        assert found == "otherx"


def test_a_lock_that_another_one_keeps_is_given_up_and_asked_for_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.3)
    attempts = []

    def work(connection: sa.Connection) -> None:
        attempts.append(time.monotonic())
        connection.execute(marks.update().values(text="mine"))

    with marked(url, Patience(60)) as database:
        database.write(mark(1))
        with another_process(IN_TRANSACTION, url) as holder:
            threading.Timer(2.0, holder.kill).start()
            database.write(work)
    assert len(attempts) >= 3
    assert all(later - earlier < 6 for earlier, later in pairwise(attempts))


def test_two_that_wait_for_each_other_both_end(url: str) -> None:
    both, order = threading.Barrier(2), []

    def crosswise(first: int, second: int) -> None:
        tries = []

        def work(connection: sa.Connection) -> None:
            tries.append(first)
            connection.execute(marks.update().where(marks.c.number == first).values(text=str(first)))
            if len(tries) == 1:
                both.wait(20)
            connection.execute(marks.update().where(marks.c.number == second).values(text=str(first)))

        database.write(work)
        order.extend(tries)

    with marked(url, Patience(60)) as database:
        for number in (1, 2):
            database.write(mark(number))
        threads = [threading.Thread(target=crosswise, args=pair) for pair in ((1, 2), (2, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(order) == 3, "one of them was tried again"


@pytest.mark.parametrize("code", ["40001", "40P01", "53300", "55P03", "57014", "57P01"])
def test_what_a_server_says_for_a_while_is_tried_again(url: str, code: str) -> None:
    tries = []

    def work(connection: sa.Connection) -> None:
        tries.append(code)
        if len(tries) < 3:
            connection.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{code}'; END $$")

    with marked(url, Patience(60)) as database:
        database.write(work)
    assert len(tries) == 3


def test_the_limits_of_a_writing_transaction_are_its_own(url: str) -> None:
    names = ("lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")

    def limits(connection: sa.Connection) -> list[object]:
        return [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]

    with Database(url) as database:
        assert database.write(limits) == ["10s", "15s", "on"]
        assert database.write(limits, durable=False) == ["10s", "15s", "off"]
        assert database.read(limits) == ["0", "0", "on"]


def test_a_link_that_goes_down_is_noticed_by_the_driver(url: str) -> None:
    with Database(url) as database, database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        asked = driver.info.get_parameters()
    expected = {"connect_timeout": "10", "tcp_user_timeout": "20000", "keepalives_idle": "10"}
    expected |= {"keepalives_interval": "5", "keepalives_count": "2"}
    assert {name: asked.get(name) for name in expected} == expected


def test_what_a_url_says_of_its_link_is_kept(url: str) -> None:
    with Database(f"{url}?connect_timeout=3") as database, database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.info.get_parameters()["connect_timeout"] == "3"


def test_a_server_that_is_just_starting_is_waited_for_at_the_first_opening(server: Server, url: str) -> None:
    with (
        just_starting(server.port, times=3) as port,
        Database(url.replace(str(server.port), str(port)), patience=Patience(60)) as database,
    ):
        assert database.study_names() == []


def test_a_server_that_was_never_there_is_waited_for_by_those_alone_who_insist() -> None:
    url = f"postgresql+psycopg://hpo@127.0.0.1:{free_port()}/hpo"
    began = time.monotonic()
    with pytest.raises(UserError, match=r"refused.*check --storage and that the server runs"):
        Database(url, patience=Patience(60))
    assert time.monotonic() - began < 5
    with pytest.raises(UserError, match="refused"):
        Database(url, patience=Patience(1, insists=True))
    assert time.monotonic() - began > 1


def test_a_worker_waits_for_a_server_that_comes_back(server: Server, url: str) -> None:
    Database(url).close()
    server.stop("fast")
    threading.Timer(1.0, server.start).start()
    with Database(url, patience=Patience(60, insists=True)) as database:
        assert database.study_names() == []


def _told_at_once(url: str, says: str, asked: str = "INSERT INTO nowhere VALUES (1)", **how: bool) -> None:
    began = time.monotonic()
    with (
        pytest.raises(UserError, match=says),
        database_errors(url),
        Database(url, patience=Patience(60, insists=True), **how) as database,
    ):
        database.write(lambda connection: connection.exec_driver_sql(asked))
    assert time.monotonic() - began < 5


def test_what_does_not_pass_is_told_at_once_on_postgresql(server: Server, url: str) -> None:
    right = url.replace("hpo@", f"{PASSWORD_USER}:{PASSWORD}@")
    with pytest.raises(UserError, match="permission denied"):
        Database(right, patience=Patience(60, insists=True))
    _told_at_once(right.replace(PASSWORD, "wrong"), "check the user and password")
    _told_at_once(url.replace("hpo@", f"{PASSWORD_USER}@"), "check the user and password")
    _told_at_once(url.replace("hpo@", "nobody@"), "does not exist; create it first")
    _told_at_once(f"{server.url}/nosuch", "does not exist; create it first")
    _told_at_once(f"{url}?sslmode=bogus", "invalid sslmode")
    _told_at_once(f"{url}?sslmode=require", "does not support SSL")
    _told_at_once(url, "nowhere.*does not exist.*changed while in use")
    _told_at_once(url, "read-only", "CREATE TABLE x (y integer)", read_only=True)


def test_what_does_not_pass_is_told_at_once_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    _told_at_once(url, "no such table")
    _told_at_once(url, "readonly.*writable", "CREATE TABLE x (y)", read_only=True)
    (tmp_path / "notes.db").write_text("no database " * 200)
    _told_at_once(f"sqlite:///{tmp_path / 'notes.db'}", "not an SQLite file")
    _told_at_once(f"sqlite:///{tmp_path / 'no' / 'hpo.db'}", "the folder exists")


@pytest.mark.parametrize("what", ["removed", "replaced"])
def test_a_file_that_is_removed_or_replaced_is_noticed_before_the_next_transaction(tmp_path: Path, what: str) -> None:
    path, aside = tmp_path / "hpo.db", tmp_path / "aside.db"
    with marked(f"sqlite:///{path}", Patience(60)) as database:
        path.rename(aside)
        if what == "replaced":
            with closing(sqlite3.connect(path)) as other:
                other.execute("CREATE TABLE x (y)")
        for transaction in (database.read, database.write):
            with pytest.raises(UserError, match=r"removed or replaced while in use.*run the same command again"):
                transaction(mark(1))
        aside.replace(path)
        database.write(mark(1))
        assert numbers(database) == [1]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_a_pooler_in_transaction_mode_and_the_urls_of_hosting_services_work(server: Server, scheme: str) -> None:
    name = f"pooled_{scheme.replace('+', '_')}"
    server.create_database(name)
    with pooler(server) as pooled:
        url = f"{scheme}://{pooled.partition('://')[2]}/{name}"
        databases = [marked(url, Patience(60)) for _ in range(8)]
        try:
            threads = [
                threading.Thread(
                    target=lambda first=10 * i, each=each: [each.write(mark(first + j)) for j in range(10)]
                )
                for i, each in enumerate(databases)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(numbers(databases[0])) == list(range(80))
            with Database(url, read_only=True) as reading:
                assert len(numbers(reading)) == 80
                with pytest.raises(sa.exc.InternalError, match="read-only"):
                    reading.write(mark(1000))
            assert sorted(numbers(databases[1])) == list(range(80)), "what was set for one transaction is over"
            databases[1].write(mark(1000))
        finally:
            for each in databases:
                each.close()
