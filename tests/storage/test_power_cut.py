"""A power cut costs no transaction that was durable: the file and its log are cut back to what was on the disk by then.

Which bytes were, is read from the calls of a process that strace watches; what was only written is left out.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ROOT

WRITES = """
import sys, sqlalchemy as sa
from hpo.storage.database import Database
with Database(sys.argv[1]) as database:
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE marks (number INTEGER, durable INTEGER)"))
    def mark(number, durable):
        row = (number, durable)
        database.write(lambda c: c.exec_driver_sql("INSERT INTO marks VALUES (?, ?)", row), durable=durable)
        print(f"{number} {int(durable)} over", flush=True)
    for number in range(40):
        mark(number, durable=number % 4 == 3)
    import os
    os._exit(0)  # as if it were killed: nobody closes the database in order
"""

CALL = re.compile(
    r"(?P<name>openat|pwrite64|write|fdatasync|fsync|close|ftruncate)\((?P<rest>.*)\)\s+= (?P<result>-?\d+)"
)


class Disk:
    """What files of one process have on the disk, if nothing gets there that was not asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open = folder, {}  # type: ignore[var-annotated]
        self._now: dict[str, bytearray] = {}
        self.kept: dict[str, bytes] = {}
        self.over: list[tuple[int, bool]] = []

    def see(self, line: str) -> None:
        """Follow one line of strace."""
        call = CALL.search(line)
        if call is None or int(call["result"]) < 0:
            return
        name, rest = call["name"], call["rest"]
        if name == "openat":
            path = re.search(r'"([^"]*)"', rest)
            if path and Path(path[1]).parent == self._folder and not path[1].endswith("-shm"):
                self._open[int(call["result"])] = path[1]
                self._now.setdefault(path[1], bytearray())
            return
        file = int(rest.split(",")[0])
        if name == "close":
            self._open.pop(file, None)
        elif name == "write" and file == 1:
            self.over += [(int(n), d == "1") for n, d in re.findall(r"x?(\d+) ([01]) over", _bytes(rest).decode())]
        elif file in self._open:
            self._change(name, self._open[file], rest)

    def _change(self, name: str, path: str, rest: str) -> None:
        content = self._now[path]
        if name == "pwrite64":
            data, at = _bytes(rest), int(rest.rsplit(", ", 1)[1])
            content.extend(bytes(max(0, at + len(data) - len(content))))
            content[at : at + len(data)] = data
        elif name == "ftruncate":
            del content[int(rest.rsplit(", ", 1)[1]) :]
        elif name in ("fdatasync", "fsync"):
            self.kept[path] = bytes(content)


def _bytes(rest: str) -> bytes:
    found = re.search(r'"((?:\\x[0-9a-f]{2})*)"', rest)
    return bytes.fromhex(found[1].replace("\\x", "")) if found else b""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed; on Debian: apt-get install strace")
def test_a_power_cut_at_any_moment_costs_no_durable_transaction_and_nothing_before_one(tmp_path: Path) -> None:
    path, trace = tmp_path / "hpo.db", tmp_path / "trace"
    watched = ["strace", "-f", "-xx", "-s", "200000", "-o", str(trace)]
    watched += ["-e", "trace=openat,pwrite64,write,fdatasync,fsync,close,ftruncate"]
    command = [*watched, sys.executable, "-c", WRITES, f"sqlite:///{path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and "ptrace" in done.stderr:
        pytest.skip("this machine lets nobody watch a process")
    assert done.returncode == 0, done.stderr
    disk, cuts, durable = Disk(tmp_path), 0, set()
    for line in trace.read_text().splitlines():
        before = len(disk.over)
        disk.see(_readable(line))
        for number, is_durable in disk.over[before:]:
            if is_durable:
                durable = set(range(number + 1))
            assert durable <= _after_a_cut(disk, path, tmp_path / "cut")
            cuts += 1
    assert cuts == 40
    assert len(durable) == 40


def _readable(line: str) -> str:
    """Return the line with the path of an openat, which strace writes as numbers, too, in letters."""
    if "openat(" not in line:
        return line
    return re.sub(r'"(?:\\x[0-9a-f]{2})*"', lambda found: f'"{_bytes(found[0]).decode()}"', line)


def _after_a_cut(disk: Disk, path: Path, folder: Path) -> set[int]:
    """Return the numbers that a database has that is opened with what is on the disk."""
    folder.mkdir(exist_ok=True)
    for name in (path, Path(f"{path}-wal")):
        (folder / name.name).write_bytes(disk.kept.get(str(name), b""))
    with closing(sqlite3.connect(folder / path.name)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'marks'").fetchone():
            return set()
        found = {number for (number,) in connection.execute("SELECT number FROM marks")}
    shutil.rmtree(folder)
    return found
