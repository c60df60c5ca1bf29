"""Searches as users run them: real processes, killed at bad moments, joined, interrupted and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from optuna.trial import TrialState

from hpo.definition.parts import FINAL_SUFFIX
from hpo.storage.database import Database
from tests.conftest import ROOT
from tests.support.searches import DEADLINE, Search, run, started, wait_for


@pytest.fixture
def search(tmp_path: Path, blobs: Path) -> Search:
    return Search(tmp_path / "search", blobs)


def test_a_search_ends_with_its_tables_and_figures(undisturbed: Search) -> None:
    names = {path.name for path in undisturbed.out.iterdir()}
    tables = {"trials", "rounds", "good_values", "race", "relevance", "evaluations", "curves", "ledger"}
    rest = {"study.toml", "use.toml", "use.json", "report.html", "figures", "network.npz"}
    assert names == {f"{name}.csv" for name in tables} | rest
    assert len(pd.read_csv(undisturbed.out / "trials.csv")) == 16
    assert len(pd.read_csv(undisturbed.out / "rounds.csv")) == 2


def test_a_search_ends_with_the_way_to_its_report_and_to_the_dashboard(undisturbed: Search) -> None:
    report = undisturbed.out / "report.html"
    assert report.exists()
    assert undisturbed.printed.splitlines()[-2:] == [
        f"the report: {report}",
        f"watch it with: hpo serve --storage {undisturbed.url}",
    ]


def test_a_search_fills_its_dashboard_in(undisturbed: Search) -> None:
    with Database(undisturbed.url) as database:
        shown = database.optuna.get_study_system_attrs(database.optuna.get_study_id_from_name("blob"))
    assert shown["dashboard:note_str:0"].count("\nUse ") == 1
    assert "dashboard:plot_data:good-values:0" in shown


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
        workers = search.workers()
        os.killpg(process.pid, signal.SIGKILL)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
    finished = [trial.number for trial in search.trials() if trial.finished]
    run("run", *search.arguments, "--workers", "2")
    assert len(finished) >= 6
    assert search.good_values() == undisturbed.good_values()


def test_workers_do_not_outlive_a_killed_coordinator(search: Search) -> None:
    with started("run", *search.arguments, "--workers", "2") as process:
        workers = wait_for(search.workers)
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
    assert "The same command resumes" in printed
    assert "Traceback" not in printed
    assert not any(trial.state == TrialState.RUNNING for trial in search.trials())
    assert not search.workers()
    assert not search.leaders()
    run("run", *search.arguments, "--workers", "2")
    assert search.good_values() == undisturbed.good_values()


def test_a_finished_search_is_only_reported_again(undisturbed: Search) -> None:
    before = undisturbed.trials("final")
    printed = run("run", *undisturbed.arguments)
    assert "round" in printed
    assert undisturbed.trials("final") == before


def test_a_changed_definition_is_refused_with_what_differs(undisturbed: Search) -> None:
    before = undisturbed.good_values()
    printed = run("run", *undisturbed.arguments, "--set", "rounds.1.trials=9", "--seed", "5", code=2)
    assert "rounds.1.trials: 8 -> 9" in printed
    assert "seed: 0 -> 5" in printed
    assert "Ways out" in printed
    assert undisturbed.good_values() == before


def test_a_worker_joins_a_running_search_and_leaves_when_it_is_done(undisturbed: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "1") as process:
        wait_for(search.workers)
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
        wait_for(search.workers)
        said = run("work", "--study", "blob", "--storage", search.url)
        printed, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, printed
    assert "blob is done" in said
    assert search.good_values() == undisturbed.good_values()


def test_a_second_coordinator_takes_over_from_one_that_died(undisturbed: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "1") as first:
        (coordinator,) = wait_for(search.leaders)
        assert coordinator == first.pid
        with started("run", *search.arguments, "--workers", "1") as second:
            wait_for(lambda: len(search.workers()) == 2)
            first.kill()
            first.wait()
            printed, _ = second.communicate(timeout=DEADLINE)
    assert second.returncode == 0, printed
    assert search.good_values() == undisturbed.good_values()


def test_the_test_set_is_opened_once_for_each_full_run_and_never_before(undisturbed: Search) -> None:
    with Database(undisturbed.url) as database, database.engine.connect() as connection:
        opened = connection.exec_driver_sql("SELECT trial_id, purpose FROM hpo_test_evaluations ORDER BY id").all()
    full = [trial for trial in undisturbed.trials("final") if trial.attributes["stage"] in ("full", "plain")]
    assert sorted(trial_id for trial_id, _ in opened) == sorted(trial.id for trial in full)
    assert all(purpose.startswith(("full run", "plain run")) for _, purpose in opened)


def test_a_worker_process_runs_one_blas_thread() -> None:
    code = "import hpo.work, numpy, threadpoolctl; print({p['num_threads'] for p in threadpoolctl.threadpool_info()})"
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True, env=free)
    assert done.stdout.strip() == "{1}"
