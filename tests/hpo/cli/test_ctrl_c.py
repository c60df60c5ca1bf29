"""Ctrl-C at any moment of a command: one line at once, no traceback, exit code 130."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpo.cli.running import run_command
from hpo.engine.exit_codes import INTERRUPTED
from hpo.engine.interrupts import STOPPING, StopRequest
from tests.conftest import ROOT
from tests.support.searches import DEADLINE, Search, started, wait_for


@pytest.mark.parametrize("door", ["run", "work", "certify", "report", "studies"])
def test_ctrl_c_while_a_front_door_loads_its_libraries_is_answered_at_once(door: str) -> None:
    arguments = ["--study", "smoke"] if door == "run" else ["--help"]  # its --help loads nothing heavy
    code = f"""
import sys, builtins
real = builtins.__import__
def slow(name, *rest, **more):
    if name.split(".")[0] in ("numpy", "optuna", "sqlalchemy", "rich"):
        sys.stdout.write("."); sys.stdout.flush()
        import time; time.sleep(100)
    return real(name, *rest, **more)
builtins.__import__ = slow
sys.argv = ["hpo", "{door}"]
import hpo.__main__
sys.exit(hpo.__main__.main(["{door}", *{arguments!r}]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == ".", "something heavy is being imported"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=DEADLINE)
    assert (process.returncode, said) == (INTERRUPTED, f"{STOPPING}\n")


MOMENTS = {"run": [0.05, 0.2, 0.4, 0.7, 1.0, 1.5, 2.2], "certify": [0.5, 1.2], "work": [0.4, 1.0]}
"""Seconds after the start of a command: wherever it is by then. `python -m tests.faults` tries any other moment."""


UP_SECONDS = 0.3
"""Before it, on a busy machine, Python itself may not be up, and answers in its own way; nothing is left running."""


@pytest.fixture
def search(tmp_path: Path, blobs: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    """Return a search that is to come, whose processes bear a mark."""
    monkeypatch.setenv("HPO_TEST_MARK", str(tmp_path))
    return Search(tmp_path, blobs)


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory, blobs: Path) -> Search:
    """Return a search that was stopped at its first trials."""
    search = Search(tmp_path_factory.mktemp("begun"), blobs)
    with started("run", *search.arguments, "--workers", "1") as process:
        wait_for(search.workers)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=DEADLINE)
    return search


@pytest.mark.parametrize(("door", "seconds"), [(door, each) for door, moments in MOMENTS.items() for each in moments])
def test_ctrl_c_soon_after_the_start_leaves_no_traceback_and_nothing_running(
    door: str, seconds: float, search: Search, begun: Search
) -> None:
    mark = str(search.out.parent)
    options = ["--workers", "2"]
    if door == "work":
        shutil.copy(begun.url.removeprefix("sqlite:///"), search.out.parent / "hpo.db")
        options += ["--study", "blob", "--storage", search.url]
    else:
        options += search.arguments[: -2 if door == "certify" else None]
    with started(door, *options) as process:
        time.sleep(seconds)
        begun_at = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        printed, _ = process.communicate(timeout=DEADLINE)
    if seconds >= UP_SECONDS:
        assert process.returncode == INTERRUPTED, printed
        assert printed.count(STOPPING) == 1
        assert "Traceback" not in printed
    assert time.monotonic() - begun_at < DEADLINE / 2
    wait_for(lambda: not _marked(mark))


def _marked(mark: str) -> list[str]:
    """Return the processes that were started, by whomever, with `mark` in their surroundings."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"HPO_TEST_MARK={mark}\0".encode() in environment.read_bytes():
                found.append(environment.parent.name)
    return [pid for pid in found if int(pid) != os.getpid()]


def test_a_second_ctrl_c_ends_a_search_that_is_stopping(tmp_path: Path, blobs: Path) -> None:
    search = Search(tmp_path, blobs)
    with started("run", *search.arguments, "--workers", "1") as process:
        workers = wait_for(search.workers)
        os.kill(workers[0], signal.SIGSTOP)  # so that it does not leave, and is waited for
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout is not None
        wait_for(lambda: STOPPING in process.stdout.readline())
        os.kill(process.pid, signal.SIGINT)
        process.wait(timeout=10)
        os.kill(workers[0], signal.SIGKILL)
    assert process.returncode == INTERRUPTED


def test_ctrl_c_in_the_middle_of_a_command_ends_it_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)

    def work() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return 0

    assert run_command(work) == INTERRUPTED
    assert capfd.readouterr().err == f"{STOPPING}\n"
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("made_of_it", [None, ImportError("KeyboardInterrupt: while a library was loaded")])
def test_ctrl_c_that_a_library_swallows_or_turns_into_another_error_still_ends_the_command(
    capfd: pytest.CaptureFixture[str], made_of_it: Exception | None
) -> None:
    def work() -> int:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        if made_of_it is not None:
            raise made_of_it
        with StopRequest() as stop:
            assert stop.requested, "a search that begins after it is to stop"
        return 0

    assert run_command(work) == INTERRUPTED
    assert capfd.readouterr().err == f"{STOPPING}\n"
    with StopRequest() as stop:
        assert not stop.requested


def test_a_stop_request_is_answered_once_and_gives_the_signals_back() -> None:
    before, said = signal.getsignal(signal.SIGINT), []
    with StopRequest(said.append) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
    assert said == [STOPPING]
    assert signal.getsignal(signal.SIGINT) is before


def test_importing_a_front_door_leaves_the_signals_alone() -> None:
    code = "import signal, hpo.cli.ctrl_c; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "True"


def test_ctrl_c_in_a_destructor_ends_the_command_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    class Interrupted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def command() -> int:
        interrupted = Interrupted()
        del interrupted
        return 0

    assert run_command(command) == INTERRUPTED
    assert capfd.readouterr().err == f"{STOPPING}\n"


def test_ctrl_c_while_a_dataclass_is_made_ends_with_the_exit_code_of_an_interruption(tmp_path: Path) -> None:
    """Python notes a KeyboardInterrupt out of an `exec` and ends by SIGINT, whatever became of it."""
    (tmp_path / "door.py").write_text(
        """
import os, signal, sys, time
sys.argv = ["hpo", "run"]
import hpo.cli.ctrl_c
from hpo.cli.running import run_command
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(9)
sys.exit(run_command(lambda: exec("interrupt()")))
"""
    )
    done = subprocess.run(
        [sys.executable, "-m", "door"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (INTERRUPTED, f"{STOPPING}\n")
