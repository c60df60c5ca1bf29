"""Searches as users run them: real processes, killed at bad moments, joined, interrupted and resumed."""

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

import pandas as pd
import pytest
import sqlalchemy as sa
from optuna.trial import TrialState

from hpo.queue import QueuedTrial, TrialQueue
from hpo.study_record import FINAL_SUFFIX
from storage.database import Database
from storage.leases import Leases
from storage.schema import leases
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

    @property
    def arguments(self) -> list[str]:
        return ["--study", str(self.study), "--storage", self.url, "--out", str(self.out)]

    def leased(self, kind: str) -> list[int]:
        """Return the ids of the processes that hold leases of `kind` now."""
        if self.url.startswith("sqlite") and not Path(self.url.removeprefix("sqlite:///")).exists():
            return []
        engine = sa.create_engine(self.url)
        try:
            with engine.connect() as connection:
                return list(connection.execute(sa.select(leases.c.pid).where(leases.c.name.startswith(kind))).scalars())
        except (sa.exc.OperationalError, sa.exc.ProgrammingError):
            return []  # the tables are not there yet
        finally:
            engine.dispose()

    def trials(self, suffix: str = "") -> list[QueuedTrial]:
        with Database(self.url) as database:
            return TrialQueue(database, "blob" + suffix, Leases(database.engine)).trials()

    def good_values(self) -> bytes:
        return (self.out / "good_values.csv").read_bytes()

    def kill_a_worker(self) -> None:
        """Kill the first worker that is seen to train."""
        os.kill(wait_for(lambda: self.leased("trial/"))[0], signal.SIGKILL)

    def wait_for_finished(self, count: int) -> None:
        """Wait until so many trials have ended."""
        wait_for(lambda: self.leased("trial/"))
        wait_for(lambda: sum(trial.finished for trial in self.trials()) >= count)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, blobs: Path) -> Search:
    """Return a search that one worker ran from beginning to end."""
    search = Search(tmp_path_factory.mktemp("undisturbed"), blobs)
    run("run", *search.arguments, "--workers", "1")
    return search


@pytest.fixture
def search(tmp_path: Path, blobs: Path) -> Search:
    return Search(tmp_path / "search", blobs)


def test_a_search_ends_with_its_tables_and_figures(undisturbed: Search) -> None:
    names = {path.name for path in undisturbed.out.iterdir()}
    tables = {"trials.csv", "rounds.csv", "good_values.csv", "evaluations.csv"}
    assert names == tables | {"study.toml", "boxes.png", "curves.png"}
    assert len(pd.read_csv(undisturbed.out / "trials.csv")) == 16
    assert len(pd.read_csv(undisturbed.out / "rounds.csv")) == 2


def test_half_of_a_round_stops_at_each_rung(undisturbed: Search) -> None:
    for number in (1, 2):
        reached = [trial.reached for trial in undisturbed.trials() if trial.attributes["round"] == number]
        assert sorted(reached) == [25] * 4 + [50] * 2 + [100] * 2


def test_two_workers_find_the_same_good_values_as_one(undisturbed: Search, search: Search) -> None:
    run("run", *search.arguments, "--workers", "2")
    assert search.good_values() == undisturbed.good_values()


def test_a_killed_worker_costs_nothing_but_time(undisturbed: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "2") as process:
        search.kill_a_worker()
        printed, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, printed
    assert "a worker died (killed by signal 9)" in printed
    assert search.good_values() == undisturbed.good_values()
    for suffix in ("", FINAL_SUFFIX):
        ours, theirs = search.trials(suffix), undisturbed.trials(suffix)
        assert [(t.config, t.rungs, t.state) for t in ours] == [(t.config, t.rungs, t.state) for t in theirs]


def test_a_search_killed_as_a_whole_is_resumed_by_the_same_command(undisturbed: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "2") as process:
        search.wait_for_finished(6)
        workers = search.leased("trial/")
        os.killpg(process.pid, signal.SIGKILL)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
    finished = [trial.number for trial in search.trials() if trial.finished]
    run("run", *search.arguments, "--workers", "2")
    assert len(finished) >= 6
    assert search.good_values() == undisturbed.good_values()


def test_workers_do_not_outlive_a_killed_coordinator(search: Search) -> None:
    with started("run", *search.arguments, "--workers", "2") as process:
        workers = wait_for(lambda: search.leased("trial/"))
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: not any(_alive(pid) for pid in workers))


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0]
    except FileNotFoundError:
        return False


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(undisturbed: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "2") as process:
        search.wait_for_finished(4)
        os.kill(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130, printed
    assert "The same command goes on" in printed
    assert "Traceback" not in printed
    assert not any(trial.state == TrialState.RUNNING for trial in search.trials())
    assert not search.leased("")
    run("run", *search.arguments, "--workers", "2")
    assert search.good_values() == undisturbed.good_values()


def test_a_finished_search_is_only_reported_again(undisturbed: Search) -> None:
    before = undisturbed.trials(FINAL_SUFFIX)
    printed = run("run", *undisturbed.arguments)
    assert "round" in printed
    assert undisturbed.trials(FINAL_SUFFIX) == before


def test_a_changed_definition_is_refused_with_what_differs(undisturbed: Search) -> None:
    before = undisturbed.good_values()
    printed = run("run", *undisturbed.arguments, "--set", "rounds.1.trials=9", "--seed", "5", code=2)
    assert "rounds.1.trials: 8 -> 9" in printed
    assert "seed: 0 -> 5" in printed
    assert "Ways out" in printed
    assert undisturbed.good_values() == before


def test_a_worker_joins_a_running_search_and_leaves_when_it_is_done(undisturbed: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "1") as process:
        wait_for(lambda: search.leased("trial/"))
        with started("work", "--study", "blob", "--storage", search.url) as joined:
            said, _ = joined.communicate(timeout=DEADLINE)
        printed, _ = process.communicate(timeout=DEADLINE)
    assert joined.returncode == 0, said
    assert "working on blob" in said
    assert process.returncode == 0, printed
    assert search.good_values() == undisturbed.good_values()


def test_a_search_on_postgresql_with_a_joined_worker_finds_the_same(
    undisturbed: Search, search: Search, postgres_server: str
) -> None:
    engine = sa.create_engine(f"{postgres_server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE search")
    engine.dispose()
    search.url = f"{postgres_server}/search"
    with started("run", *search.arguments, "--workers", "1") as process:
        wait_for(lambda: search.leased("trial/"))
        said = run("work", "--study", "blob", "--storage", search.url)
        printed, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, printed
    assert "blob is done" in said
    assert search.good_values() == undisturbed.good_values()


def test_a_second_coordinator_takes_over_from_one_that_died(undisturbed: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "1") as first:
        (coordinator,) = wait_for(lambda: search.leased("coordinator/"))
        assert coordinator == first.pid
        with started("run", *search.arguments, "--workers", "1") as second:
            wait_for(lambda: len(search.leased("trial/")) == 2)
            first.kill()
            first.wait()
            printed, _ = second.communicate(timeout=DEADLINE)
    assert second.returncode == 0, printed
    assert search.good_values() == undisturbed.good_values()


def test_the_test_set_is_opened_once_for_each_full_run_and_never_before(undisturbed: Search) -> None:
    with Database(undisturbed.url) as database, database.engine.connect() as connection:
        opened = connection.exec_driver_sql("SELECT trial_id, purpose FROM hpo_test_openings ORDER BY id").all()
    full = [trial for trial in undisturbed.trials(FINAL_SUFFIX) if trial.attributes["stage"] in ("full", "plain")]
    assert sorted(trial_id for trial_id, _ in opened) == sorted(trial.id for trial in full)
    assert all(purpose.startswith(("full run", "plain run")) for _, purpose in opened)


def test_a_worker_process_runs_one_blas_thread() -> None:
    code = "import hpo.work, numpy, threadpoolctl; print({p['num_threads'] for p in threadpoolctl.threadpool_info()})"
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True, env=free)
    assert done.stdout.strip() == "{1}"
