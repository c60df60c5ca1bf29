"""SQLite's log stays short while others read all the time, and a copy without it is told from the whole."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hpo.storage import wal
from hpo.storage.database import Database
from hpo.storage.errors import NoDatabaseError
from hpo.storage.patience import Patience
from hpo.studies.__main__ import main as studies
from tests.support.databases import coordinator, open_study

MEGABYTE = 2**20


def _read_all_the_time(path: str, ended: Any) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while not ended.is_set():
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM blobs").fetchone()
            time.sleep(0.005)
            connection.execute("COMMIT")


def test_a_log_does_not_grow_for_ever_though_there_is_always_somebody_who_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "LONG_BYTES", 4 * MEGABYTE)
    monkeypatch.setattr(wal, "LOOK_SECONDS", 0.0)
    path, longest = tmp_path / "hpo.db", 0
    with Database(f"sqlite:///{path}") as database:
        database.write(lambda c: c.exec_driver_sql("CREATE TABLE blobs (x BLOB)"))
        context = multiprocessing.get_context("spawn")
        ended = context.Event()
        readers = [context.Process(target=_read_all_the_time, args=(str(path), ended)) for _ in range(3)]
        for reader in readers:
            reader.start()
        time.sleep(1)
        for _ in range(100):  # 50 MB
            database.write(lambda c: c.exec_driver_sql("INSERT INTO blobs VALUES (zeroblob(500000))"), durable=False)
            longest = max(longest, Path(f"{path}-wal").stat().st_size)
        ended.set()
        for reader in readers:
            reader.join()
    assert longest < 20 * MEGABYTE


def test_whoever_reads_for_long_holds_up_nobody_and_the_log_is_cut_when_he_ends(tmp_path: Path) -> None:
    path = tmp_path / "hpo.db"
    with Database(f"sqlite:///{path}") as database, closing(sqlite3.connect(path, isolation_level=None)) as reader:
        database.write(lambda c: c.exec_driver_sql("CREATE TABLE blobs (x BLOB)"))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM blobs").fetchone()
        database.write(lambda c: c.exec_driver_sql("INSERT INTO blobs VALUES (zeroblob(500000))"))
        began = time.monotonic()
        assert not wal.begin_anew(database.engine)
        assert time.monotonic() - began < 2
        database.write(lambda c: c.exec_driver_sql("INSERT INTO blobs VALUES (zeroblob(500000))"))
        reader.execute("COMMIT")
        assert wal.begin_anew(database.engine)
        assert Path(f"{path}-wal").stat().st_size == 0
        assert database.read(lambda c: c.exec_driver_sql("PRAGMA busy_timeout").scalar()) == 1000, "as it was before"


def test_a_copy_without_the_log_that_has_everything_is_refused_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.db"
    with open_study(tmp_path / "hpo.db"):
        shutil.copy(tmp_path / "hpo.db", copy)
    for _ in range(2):
        assert studies(["--storage", f"sqlite:///{copy}"]) == 0
        assert "is empty: it was copied" in " ".join(capsys.readouterr().out.split())
    for how in ({}, {"create": False}, {"read_only": True}):
        with pytest.raises(NoDatabaseError, match=r"copy.db-wal beside it; copy that file, too \(hpo backup"):
            Database(f"sqlite:///{copy}", **how)
    assert copy.stat().st_size == 4096, "nothing was made in it"


def test_a_copy_without_the_log_that_has_the_rest_says_that_something_may_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, said = tmp_path / "copy.db", []
    with open_study(tmp_path / "hpo.db") as database:
        leader = coordinator(database)
        leader.step()
        assert wal.begin_anew(database.engine)
        leader.step()
        shutil.copy(tmp_path / "hpo.db", copy)
        leader.release()
    assert studies(["--storage", f"sqlite:///{copy}"]) == 0
    assert "if copy.db was copied while the search ran, what was written last is missing" in " ".join(
        capsys.readouterr().out.split()
    )
    Database(f"sqlite:///{copy}", patience=Patience(0, said.append)).close()
    assert said == [], "somebody has read it since, and a search may have begun"
    Path(f"{copy}-wal").unlink(missing_ok=True)
    Database(f"sqlite:///{copy}", patience=Patience(0, said.append)).close()
    assert len(said) == 1
    with Database(f"sqlite:///{tmp_path / 'hpo.db'}", read_only=True) as whole:
        assert whole.doubt() == "", "it was left in order"
