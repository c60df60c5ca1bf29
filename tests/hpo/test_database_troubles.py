"""Whole commands whose database is locked, stopped, replaced, or behind a pooler."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hpo.engine.exit_codes import INTERRUPTED, MISTAKE
from hpo.storage.database import Database
from tests.support.searches import DEADLINE, Search, run, started, wait_for
from tests.support.servers import Server, pooler


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def on(server: Server, search: Search, name: str) -> Search:
    """Let `search` use a database of `server`."""
    search.url = server.create_database(name)
    return search


def ends(process: subprocess.Popen[str], code: int, within: float) -> str:
    began = time.monotonic()
    printed, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == code, printed
    assert time.monotonic() - began < within, printed
    assert "Traceback" not in printed
    return printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["before", "in the middle"])
def test_a_search_that_waits_for_a_locked_file_ends_when_asked_to(
    tmp_path: Path, blobs: Path, number: signal.Signals, moment: str
) -> None:
    search = Search(tmp_path, blobs)
    Database(search.url).close()
    with closing(sqlite3.connect(tmp_path / "hpo.db", isolation_level=None, timeout=60)) as other:
        if moment == "before":
            other.execute("BEGIN IMMEDIATE")
        with started("run", *search.arguments, "--workers", "2") as process:
            if moment != "before":
                search.wait_for_finished(2)
                other.execute("BEGIN IMMEDIATE")
            time.sleep(4)
            process.send_signal(number)
            ends(process, INTERRUPTED, 20)


def test_a_search_goes_on_when_a_lock_is_over_and_says_both(tmp_path: Path, blobs: Path) -> None:
    search = Search(tmp_path, blobs)
    Database(search.url).close()
    with closing(sqlite3.connect(tmp_path / "hpo.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with started("run", *search.arguments, "--workers", "2", "--patience", "2m") as process:
            time.sleep(8)
            other.execute("ROLLBACK")
            search.wait_for_finished(2)
            process.send_signal(signal.SIGINT)
            printed = ends(process, INTERRUPTED, 20)
    assert printed.count("waiting for it, for up to 2 minutes") == 1
    assert printed.count("the database answers again") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_search_whose_server_is_down_ends_when_asked_to(
    tmp_path: Path, blobs: Path, server: Server, number: signal.Signals
) -> None:
    search = on(server, Search(tmp_path, blobs), f"down_{number}")
    with started("run", *search.arguments, "--workers", "2") as process:
        search.wait_for_finished(2)
        server.stop("fast")
        try:
            time.sleep(2)
            process.send_signal(number)
            ends(process, INTERRUPTED, 20)
        finally:
            server.start()


def test_a_search_whose_server_stands_still_ends_when_asked_to(tmp_path: Path, blobs: Path, server: Server) -> None:
    search = on(server, Search(tmp_path, blobs), "frozen")
    with started("run", *search.arguments, "--workers", "2") as process:
        search.wait_for_finished(2)
        with server.frozen():
            time.sleep(2)
            process.send_signal(signal.SIGINT)
            ends(process, INTERRUPTED, 45)


def test_a_search_over_restarts_of_its_server_finds_what_it_finds_undisturbed(
    tmp_path: Path, blobs: Path, server: Server, undisturbed: Search
) -> None:
    search = on(server, Search(tmp_path, blobs), "restarted")
    with started("run", *search.arguments, "--workers", "2") as process:
        for mode in ("fast", "immediate"):
            search.wait_for_finished(2)
            server.stop(mode)
            server.start()
        ends(process, 0, DEADLINE)
    assert search.good_values() == undisturbed.good_values()


@pytest.mark.parametrize("what", ["removed", "replaced"])
def test_a_file_that_is_gone_ends_a_search_and_its_helpers_within_seconds(
    tmp_path: Path, blobs: Path, what: str
) -> None:
    search, path = Search(tmp_path, blobs), tmp_path / "hpo.db"
    with started("run", *search.arguments, "--workers", "1") as process:
        search.wait_for_finished(1)
        with started("work", "--study", "blob", "--storage", search.url) as helping:
            assert helping.stdout is not None
            wait_for(lambda: "working on" in helping.stdout.readline())
            path.unlink()
            if what == "replaced":
                with closing(sqlite3.connect(path)) as other:
                    other.execute("CREATE TABLE x (y)")
            for each in (process, helping):
                assert "was removed or replaced while in use" in ends(each, MISTAKE, 20)


def test_a_search_and_its_report_run_behind_a_pooler(
    tmp_path: Path, blobs: Path, server: Server, undisturbed: Search
) -> None:
    with pooler(server) as url:
        server.create_database("pooled")
        search = Search(tmp_path, blobs)
        for scheme in ("postgres", "postgresql+psycopg2"):
            search.url = re.sub(r"^[^:]+", scheme, f"{url}/pooled")
            run("run", *search.arguments, "--workers", "2")
        assert search.good_values() == undisturbed.good_values()
        run("report", "--study", "blob", "--storage", search.url, "--out", str(tmp_path / "again"), "--format", "csv")
    assert (tmp_path / "again" / "good_values.csv").read_bytes() == search.good_values()
