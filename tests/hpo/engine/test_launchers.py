"""The process of a crew as `hpo run` starts it: ahead of its order, which nobody else may read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpo.engine.interrupts import STOPPING
from hpo.engine.launchers.processes import Ahead, Fleet, Order, Prestarted, line, read
from tests.support.searches import Search, run, started, wait_for

ORDER = Order("blob", "postgresql+psycopg://me:secret@host/hpo", "/data", 3)


def test_an_order_is_read_and_nothing_behind_it() -> None:
    reading, writing = os.pipe()
    ahead = Ahead("blob", {"title": "ein Maß"}, None)
    os.write(writing, (line(ahead) + line(ORDER) + "\n\n").encode())
    os.close(writing)
    assert read(reading) == ahead
    assert read(reading) == ORDER
    assert os.read(reading, 10) == b"\n\n"
    assert read(reading) is None
    os.close(reading)


def test_a_process_that_nobody_took_ends_with_its_context() -> None:
    with Prestarted() as prestarted:
        process = prestarted.take()
        with Prestarted() as other:
            left = other._process
            assert left is not None
            other.tell(Ahead("blob", {}, None))
        assert left.returncode is not None
        assert process.poll() is None
        process.communicate()  # the end of its standard input
    assert process.returncode == 130


def test_a_crew_that_is_stopped_while_it_loads_leaves_the_word_to_who_asked() -> None:
    loading = "import os, signal, time; os.write(2, b'{}\\n'); time.sleep(100)"
    process = subprocess.Popen(
        [sys.executable, "-c", loading.format(f"{STOPPING}\\nsomething else")],
        **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE),
        text=True,
    )
    said: list[str] = []
    fleet = Fleet("blob", "sqlite:///hpo.db", 1, data_dir=None, announce=said.append, take=lambda: process)
    wait_for(lambda: said)
    fleet.stop()
    assert said == ["something else"]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked for in /proc")
def test_the_database_is_in_nobodys_list_of_processes(tmp_path: Path, blobs: Path) -> None:
    search = Search(tmp_path, blobs)
    with started("run", *search.arguments, "--workers", "2") as process:
        for pid in wait_for(search.workers):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            assert b"hpo.work" in command
            assert search.url.encode() not in command
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed


def test_several_workers_join_a_running_search_as_one_command(undisturbed: Search, tmp_path: Path, blobs: Path) -> None:
    search = Search(tmp_path, blobs)
    with started("run", *search.arguments, "--workers", "1") as process:
        wait_for(search.workers)
        said = run("work", "--study", "blob", "--storage", search.url, "--workers", "2")
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed
    assert "working on blob with 2 workers" in said
    assert said.endswith("blob is done\n")
    assert search.good_values() == undisturbed.good_values()


def test_work_without_a_study_says_what_is_missing() -> None:
    assert "--study NAME is needed" in run("work", code=2)
