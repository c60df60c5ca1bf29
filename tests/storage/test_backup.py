"""A copy of a database in use is whole, holds nobody up, and is never half of one."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from hpo import backup
from hpo.storage.database import Database
from tests.conftest import ROOT


def written(path: Path, rows: int) -> Database:
    """Open the database at `path` with so many rows of one table, each with its mirror in another."""
    database = Database(f"sqlite:///{path}")
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE one (x INTEGER, filling BLOB)"))
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE other (x INTEGER)"))
    for number in range(rows):
        write(database, number)
    return database


def write(database: Database, number: int) -> None:
    def work(connection: sa.Connection) -> None:
        connection.exec_driver_sql("INSERT INTO one VALUES (?, zeroblob(20000))", (number,))
        connection.exec_driver_sql("INSERT INTO other VALUES (?)", (number,))

    database.write(work, durable=False)


def counts(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        one, other = (copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("one", "other"))
    return one, other


def test_a_copy_has_what_is_still_in_the_log_and_is_a_database_like_the_original(tmp_path: Path) -> None:
    path, copy = tmp_path / "hpo.db", tmp_path / "copy.db"
    with written(path, 20):
        assert (tmp_path / "hpo.db-wal").stat().st_size > 0
        assert backup.main(["--storage", f"sqlite:///{path}", str(copy)]) == 0
    assert counts(copy) == (20, 20)
    with Database(f"sqlite:///{copy}", read_only=True) as database:
        assert database.study_names() == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy.db", "hpo.db"]


def test_a_copy_is_of_one_moment_while_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpo.storage.backup.PAGES", 5)
    path, ended = tmp_path / "hpo.db", threading.Event()
    with written(path, 200) as database:

        def go_on() -> None:
            number = 200
            while not ended.is_set():
                write(database, number)
                number += 1

        writing = threading.Thread(target=go_on)
        writing.start()
        try:
            for number in range(3):
                assert backup.main(["--storage", f"sqlite:///{path}", str(tmp_path / f"{number}.db")]) == 0
        finally:
            ended.set()
            writing.join()
    found = [counts(tmp_path / f"{number}.db") for number in range(3)]
    assert all(one == other for one, other in found)
    assert 200 <= found[0][0] < found[1][0] < found[2][0], "each is of a later moment"


def test_what_is_there_is_replaced_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, copy = tmp_path / "hpo.db", tmp_path / "copy.db"
    copy.write_text("something else")
    written(path, 1).close()
    assert backup.main(["--storage", f"sqlite:///{path}", str(copy)]) == 2
    assert "exists; name another file, or add --force" in capsys.readouterr().err
    assert copy.read_text() == "something else"
    assert backup.main(["--storage", f"sqlite:///{path}", str(copy), "--force"]) == 0
    assert counts(copy) == (1, 1)


def test_a_database_in_use_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "hpo.db", 1).close()
    with written(tmp_path / "other.db", 2):
        copied = ["--storage", f"sqlite:///{tmp_path / 'hpo.db'}", str(tmp_path / "other.db"), "--force"]
        assert backup.main(copied) == 2
        assert "is a database that is in use" in capsys.readouterr().err
    assert counts(tmp_path / "other.db") == (2, 2)


@pytest.mark.parametrize(
    ("storage", "file", "says"),
    [
        ("sqlite:///{}/none.db", "copy.db", "there is no database .*none.db"),
        ("sqlite:///{}/hpo.db", "hpo.db", "is the database itself"),
        ("sqlite:///{}/hpo.db", ".", "is a folder; name a file in it"),
        ("sqlite:///{}/hpo.db", "no/such/copy.db", "cannot be written: No such file or directory"),
        ("sqlite:///{}/notes.db", "copy.db", "not an SQLite file"),
        ("postgres://u:hunter2@host/hpo", "copy.db", r"pg_dump .*--file=hpo.dump 'postgresql://u@host/hpo'"),
    ],
)
def test_what_cannot_be_copied_is_said_in_a_sentence(
    tmp_path: Path, storage: str, file: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "hpo.db", 1).close()
    (tmp_path / "notes.db").write_text("no database " * 500)
    assert backup.main(["--storage", storage.format(tmp_path), str(tmp_path / file)]) == 2
    said = capsys.readouterr().err
    assert re.search(says, said), said
    assert "hunter2" not in said
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hpo.db", "notes.db"], "nothing half is left"


def test_a_long_copy_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hpo.storage.backup.PAGES", 20)
    monkeypatch.setattr(backup, "SAID_EVERY_SECONDS", 0.0)
    written(tmp_path / "hpo.db", 20).close()
    assert backup.main(["--storage", f"sqlite:///{tmp_path / 'hpo.db'}", str(tmp_path / "copy.db")]) == 0
    *steps, last = capsys.readouterr().out.splitlines()
    assert len(steps) > 3
    assert steps[-1] == "100 % is copied"
    assert "is copied to" in last


def test_the_command_backs_up_the_database_that_hpo_storage_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "hpo.db", 1).close()
    monkeypatch.setenv("HPO_STORAGE", f"sqlite:///{tmp_path / 'hpo.db'}")
    done = subprocess.run(
        [sys.executable, "-m", "hpo", "backup", str(tmp_path / "copy.db")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert counts(tmp_path / "copy.db") == (1, 1)
