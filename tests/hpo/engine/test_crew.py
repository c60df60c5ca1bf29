"""Crews of real processes: killed, stopped, asked to leave, left alone by their parents; and who is blamed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.searches import DEADLINE, wait_for

CREW = """
import os, signal, sys, time
from pathlib import Path
from hpo.engine.launchers.crew import Crew
from hpo.engine.launchers.member import Idle, Ready
from hpo.storage.errors import UserError

folder = Path(sys.argv[1])

def say(text):
    print(text, flush=True)

def bury(holder, cause):
    with open(folder / "buried", "a") as file:
        file.write(holder + ": " + cause + "\\n")

def ready(membership):
    membership.tell(Ready("worker " + str(os.getpid())))
    (folder / (str(os.getpid()) + ".ready")).touch()

def done():
    return (folder / "done").exists()

def work(membership):
    {work}

def run():
    try:
        return Crew({size}, work, bury=bury, announce=say, on_ready=lambda: say("ready"),
                    on_idle=lambda: say("idle"), parent={parent}).run()
    except UserError as error:
        say("error: " + str(error))
        return 2

sys.exit(run())
"""
WAITING = """
    ready(membership)
    while not membership.stop.requested and not done():
        if membership.nudged.wait(0.01):
            membership.nudged.clear()
            membership.tell(Idle())
"""


class Started:
    """A crew that works in `folder`."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder, self.process = folder, process

    def workers(self) -> list[int]:
        """Return the ids of the workers that are there."""
        found = [int(path.stem) for path in self.folder.glob("*.ready")]
        return [pid for pid in found if alive(pid)]

    def end(self) -> str:
        """Let the work be done and return all that was said."""
        (self.folder / "done").touch()
        return self.process.communicate(timeout=DEADLINE)[0]

    def buried(self) -> str:
        path = self.folder / "buried"
        return path.read_text() if path.exists() else ""


@contextmanager
def crew(folder: Path, size: int, work: str = WAITING, parent: int | None = None) -> Iterator[Started]:
    code = CREW.format(size=size, work=work.strip(), parent=parent)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield Started(folder, process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it ended before, or just now
        return False


pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")


def test_a_crew_is_done_when_all_its_workers_are(tmp_path: Path) -> None:
    with crew(tmp_path, 3) as started:
        wait_for(lambda: len(started.workers()) == 3)
        assert started.end() == "ready\n"
    assert started.process.returncode == 0


def test_a_worker_that_dies_while_others_go_on_is_blamed_and_replaced(tmp_path: Path) -> None:
    with crew(tmp_path, 2) as started:
        first, second = wait_for(lambda: len(started.workers()) == 2 and started.workers())
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: len(started.workers()) == 2)
        assert second in started.workers()
        wait_for(started.buried)
        said = started.end()
    assert "a worker died (killed by signal 9); starting another one" in said
    assert started.buried() == f"worker {first}: killed by signal 9\n"
    assert started.process.returncode == 0


def test_the_only_worker_that_dies_is_blamed(tmp_path: Path) -> None:
    with crew(tmp_path, 1) as started:
        (only,) = wait_for(started.workers)
        os.kill(only, signal.SIGSEGV)
        wait_for(lambda: started.workers() and started.buried())
        started.end()
    assert started.buried() == f"worker {only}: killed by signal 11\n"


def test_nobody_is_blamed_when_all_workers_die_at_once(tmp_path: Path) -> None:
    with crew(tmp_path, 3) as started:
        before = wait_for(lambda: len(started.workers()) == 3 and started.workers())
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(started.workers()) == 3)
        said = started.end()
    assert "all 3 workers died at once (killed by signal 9); starting others" in said
    assert not started.buried()


def test_a_worker_that_was_asked_to_stop_is_replaced_and_not_blamed(tmp_path: Path) -> None:
    with crew(tmp_path, 2) as started:
        first, _ = wait_for(lambda: len(started.workers()) == 2 and started.workers())
        os.kill(first, signal.SIGTERM)
        wait_for(lambda: len(started.workers()) == 2 and first not in started.workers())
        said = started.end()
    assert "a worker was asked to stop" in said
    assert not started.buried()


def test_a_worker_that_raises_is_replaced_and_its_error_is_the_cause(tmp_path: Path) -> None:
    work = """
    ready(membership)
    if not (folder / "raised").exists():
        (folder / "raised").touch()
        raise RuntimeError("no such thing")
    while not done():
        time.sleep(0.01)
"""
    with crew(tmp_path, 1, work) as started:
        wait_for(lambda: started.workers() and started.buried())
        said = started.end()
    assert "a worker died (exit code 1: RuntimeError: no such thing); starting another one" in said
    assert started.buried().endswith(": exit code 1: RuntimeError: no such thing\n")
    assert "Traceback" not in said


def test_a_users_mistake_ends_the_crew_with_its_message_once(tmp_path: Path) -> None:
    work = """
    ready(membership)
    if len(list(folder.glob("*.ready"))) == 2:
        raise UserError("these are other data")
    while not membership.stop.requested:
        time.sleep(0.01)
"""
    with crew(tmp_path, 2, work) as started:
        said, _ = started.process.communicate(timeout=DEADLINE)
    assert said.count("error: these are other data") == 1
    assert started.process.returncode == 2
    assert not started.workers()


def test_workers_that_die_before_they_are_ready_end_the_crew_with_their_last_words(tmp_path: Path) -> None:
    with crew(tmp_path, 2, 'raise RuntimeError("cannot begin")') as started:
        said, _ = started.process.communicate(timeout=DEADLINE)
    assert "5 times in a row a worker died before it was ready" in said
    assert "RuntimeError: cannot begin" in said
    assert started.process.returncode == 2
    assert not started.buried()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_workers_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with crew(tmp_path, 3) as started:
        workers = wait_for(lambda: len(started.workers()) == 3 and started.workers())
        started.process.send_signal(number)
        said, _ = started.process.communicate(timeout=DEADLINE)
        assert not any(alive(pid) for pid in workers)
    assert started.process.returncode == 130
    assert said.removeprefix("ready\n") == "stopping; finished trials are kept\n"


def test_ctrl_c_in_a_terminal_which_reaches_the_workers_too_stops_them_once(tmp_path: Path) -> None:
    with crew(tmp_path, 3) as started:
        wait_for(lambda: len(started.workers()) == 3)
        os.killpg(started.process.pid, signal.SIGINT)
        said, _ = started.process.communicate(timeout=DEADLINE)
    assert started.process.returncode == 130
    assert said.removeprefix("ready\n") == "stopping; finished trials are kept\n"


def test_a_second_ctrl_c_ends_a_crew_at_once_with_a_worker_that_is_stopped(tmp_path: Path) -> None:
    with crew(tmp_path, 2) as started:
        workers = wait_for(lambda: len(started.workers()) == 2 and started.workers())
        os.kill(workers[0], signal.SIGSTOP)
        started.process.send_signal(signal.SIGINT)
        assert started.process.stdout is not None
        wait_for(lambda: "stopping" in started.process.stdout.readline())
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(timeout=5) == 130
        wait_for(lambda: not any(alive(pid) for pid in workers))


def test_a_crew_goes_on_beside_a_worker_that_is_stopped(tmp_path: Path) -> None:
    with crew(tmp_path, 2, parent=0) as started:
        first, second = wait_for(lambda: len(started.workers()) == 2 and started.workers())
        os.kill(first, signal.SIGSTOP)
        assert started.process.stdin is not None
        os.set_blocking(started.process.stdin.fileno(), False)
        end = time.monotonic() + 1
        while time.monotonic() < end:  # far more than a pipe holds
            try:
                os.write(started.process.stdin.fileno(), b"\n" * 1000)
            except BlockingIOError:
                time.sleep(0.001)
        os.kill(second, signal.SIGKILL)
        wait_for(lambda: len(started.workers()) == 2 and second not in started.workers())
        os.kill(first, signal.SIGCONT)
        (tmp_path / "done").touch()
        started.process.wait(timeout=DEADLINE)
    assert started.process.returncode == 0


def test_what_the_parent_says_is_passed_on_and_its_end_stops_all_workers(tmp_path: Path) -> None:
    with crew(tmp_path, 2, parent=0) as started:
        workers = wait_for(lambda: len(started.workers()) == 2 and started.workers())
        assert started.process.stdin is not None
        assert started.process.stdout is not None
        assert started.process.stdout.readline() == "ready\n"
        started.process.stdin.write("\n")
        started.process.stdin.flush()
        assert started.process.stdout.readline() == "idle\n"
        started.process.stdin.close()
        started.process.stdin = None
        started.process.communicate(timeout=DEADLINE)
        assert not any(alive(pid) for pid in workers)
    assert started.process.returncode == 130


def test_workers_do_not_outlive_a_killed_crew(tmp_path: Path) -> None:
    with crew(tmp_path, 4) as started:
        workers = wait_for(lambda: len(started.workers()) == 4 and started.workers())
        os.kill(workers[0], signal.SIGKILL)  # the one in its place has the pipes of more others than it had
        wait_for(lambda: len(started.workers()) == 4)
        workers = started.workers()
        started.process.kill()
        wait_for(lambda: not any(alive(pid) for pid in workers))


def test_a_crew_has_no_threads_when_it_forks(tmp_path: Path) -> None:
    work = """
    import threading
    say("threads: " + str(sorted(thread.name for thread in threading.enumerate())))
"""
    with crew(tmp_path, 1, work) as started:
        said = started.end()
    assert "threads: ['MainThread', 'crew', 'watchdog']" in said  # the worker's own
