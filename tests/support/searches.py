"""Searches in processes of their own, as users start them, and what tests need to disturb them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from hpo.record.study import StudyRecord
from hpo.record.trials import trials_of
from hpo.searching.queued import QueuedTrial
from hpo.storage.database import Database
from hpo.storage.schema import CLAIMED, studies, trials
from tests.conftest import ROOT, write_blob_study

DEADLINE = 120.0
T = TypeVar("T")


def command(front_door: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"hpo.{front_door}", *arguments]


def run(front_door: str, *arguments: str, code: int = 0) -> str:
    """Run a front door to its end and return all it printed."""
    done = subprocess.run(
        command(front_door, *arguments), cwd=ROOT, text=True, capture_output=True, timeout=DEADLINE, check=False
    )
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    assert "Traceback" not in printed, printed
    return printed


@contextmanager
def started(front_door: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a front door in a process group of its own, which does not outlive the test."""
    with subprocess.Popen(
        command(front_door, *arguments),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(found: Callable[[], T]) -> T:
    """Return what `found` returns as soon as it is true."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("it did not happen in time")


class Search:
    """One search in a folder of its own: its file, its database and its output."""

    def __init__(self, folder: Path, blobs: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.study = write_blob_study(folder / "blob.toml", blobs)
        self.url = f"sqlite:///{folder / 'hpo.db'}"
        self.out = folder / "out"
        self.printed = ""

    @property
    def arguments(self) -> list[str]:
        """Run this study here; figures take seconds, and what they show is tested elsewhere."""
        return ["--study", str(self.study), "--storage", self.url, "--out", str(self.out), "--format", "csv"]

    def workers(self) -> list[int]:
        """Return the ids of the processes that train a trial now."""
        return self._pids(sa.select(trials.c.holder).where(trials.c.state == CLAIMED))

    def leaders(self) -> list[int]:
        """Return the ids of the processes that lead a study now."""
        return self._pids(sa.select(studies.c.leader).where(studies.c.leader.is_not(None)))

    def _pids(self, query: sa.Select[tuple[str | None]]) -> list[int]:
        if self.url.startswith("sqlite") and not Path(self.url.removeprefix("sqlite:///")).exists():
            return []
        engine = sa.create_engine(self.url)
        try:
            with engine.connect() as connection:
                return [int(str(holder).split(" ")[1]) for holder in connection.execute(query).scalars()]
        except (sa.exc.OperationalError, sa.exc.ProgrammingError):
            return []  # the tables are not there yet
        finally:
            engine.dispose()

    def trials(self, part: str = "search") -> list[QueuedTrial]:
        with Database(self.url) as database:
            found = trials_of(database, StudyRecord(database, "blob"))
            return found.search if part == "search" else found.final

    def good_values(self) -> bytes:
        return (self.out / "good_values.csv").read_bytes()

    def kill_a_worker(self) -> None:
        """Kill the first worker that is seen to train."""
        os.kill(wait_for(self.workers)[0], signal.SIGKILL)

    def wait_for_finished(self, count: int) -> None:
        """Wait until so many trials have ended."""
        wait_for(self.workers)
        wait_for(lambda: sum(trial.finished for trial in self.trials()) >= count)
