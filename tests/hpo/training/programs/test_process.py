"""Programs as real processes: how they end, and that nothing of them is left."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hpo.training.programs import process
from hpo.training.programs.guards import Guards
from hpo.training.programs.process import Ending, RunningProgram
from tests.hpo.training.programs.processes import TREE, all_gone, is_alive, pids_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


def run(
    code: str, folder: Path, *arguments: str, seconds: float | None = 30.0, memory: int = 0
) -> tuple[Ending, bytes]:
    heard: list[bytes] = []
    with closing(Guards()) as guards:
        running = RunningProgram([sys.executable, "-c", code, *arguments], folder, guards, memory=memory)
        return running.wait(heard.append, seconds), b"".join(heard)


@pytest.fixture
def guards() -> Iterator[Guards]:
    with closing(Guards()) as each:
        yield each


@pytest.fixture
def patience_of_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.3)


def test_a_program_that_ends_well_is_heard_to_its_last_word(tmp_path: Path) -> None:
    ending, heard = run("import sys; print('out'); print('err', file=sys.stderr)", tmp_path)
    assert (ending.how, ending.code, ending.errors, heard) == ("ended", 0, "err", b"out\n")
    assert ending.seconds > 0
    assert ending.peak > 1_000_000


def test_it_runs_in_its_folder_with_nothing_on_its_standard_input(tmp_path: Path) -> None:
    _, heard = run("import os, sys; print(os.getcwd(), repr(sys.stdin.read()))", tmp_path)
    assert heard.decode().split() == [str(tmp_path), "''"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD])
def test_it_answers_signals_as_if_nobody_stood_between(tmp_path: Path, number: int) -> None:
    _, heard = run(f"import signal; print(signal.getsignal({number}) == signal.SIG_IGN)", tmp_path)
    ignored_by_python_itself = number == signal.SIGPIPE
    assert heard == f"{ignored_by_python_itself}\n".encode()


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)])
def test_an_exit_code_and_a_signal_are_told_apart(tmp_path: Path, code: str, expected: int) -> None:
    assert run(code, tmp_path)[0].code == expected


def test_what_cannot_be_started_says_which_of_the_two_it_is(tmp_path: Path, guards: Guards) -> None:
    no_program = RunningProgram(["./nothing"], tmp_path, guards).wait(lambda _: None)
    no_folder = RunningProgram(["true"], tmp_path / "nowhere", guards).wait(lambda _: None)
    assert (no_program.how, no_program.place) == ("failed", "program")
    assert (no_folder.how, no_folder.place) == ("failed", "folder")


def test_more_output_than_memory_should_hold_neither_blocks_nor_is_kept(tmp_path: Path, guards: Guards) -> None:
    code = "import sys\nfor _ in range(200): sys.stderr.write('e' * 100_000); sys.stdout.write('o' * 100_000)"
    heard = 0

    def hear(chunk: bytes) -> None:
        nonlocal heard
        heard += len(chunk)

    ending = RunningProgram([sys.executable, "-c", code], tmp_path, guards).wait(hear, 60)
    assert (ending.how, heard) == ("ended", 20_000_000)
    assert len(ending.errors) == 4096


@pytest.mark.usefixtures("patience_of_a_test")
def test_one_that_hangs_is_ended_at_its_time_limit_with_all_its_children(tmp_path: Path, guards: Guards) -> None:
    running = RunningProgram([sys.executable, "-c", TREE, str(tmp_path)], tmp_path, guards)
    pids = pids_in(tmp_path, 3)
    ending = running.wait(lambda _: None, 0.1)
    assert ending.how == "minutes"
    assert all_gone(pids, 0)


@pytest.mark.usefixtures("patience_of_a_test")
def test_a_stop_from_another_thread_ends_it_with_all_its_children(tmp_path: Path, guards: Guards) -> None:
    running = RunningProgram([sys.executable, "-c", TREE, str(tmp_path)], tmp_path, guards)
    pids: list[int] = []

    def stop() -> None:
        pids.extend(pids_in(tmp_path, 3))
        running.stop()

    thread = threading.Thread(target=stop)
    thread.start()
    ending = running.wait(lambda _: None)
    thread.join()
    assert ending.how == "stopped"
    assert all_gone(pids, 0)


@pytest.mark.usefixtures("patience_of_a_test")
def test_what_is_raised_while_it_runs_ends_it_first(tmp_path: Path, guards: Guards) -> None:
    class AskedToStopError(BaseException):
        pass

    def on_signal(*_: object) -> None:
        raise AskedToStopError

    before = signal.signal(signal.SIGUSR1, on_signal)
    running = RunningProgram([sys.executable, "-c", TREE, str(tmp_path)], tmp_path, guards)
    pids = pids_in(tmp_path, 3)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with pytest.raises(AskedToStopError):
            running.wait(lambda _: None)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert all_gone(pids, 0)


def test_one_that_obeys_is_not_waited_for(tmp_path: Path, guards: Guards) -> None:
    running = RunningProgram(["sleep", "600"], tmp_path, guards)
    threading.Timer(0.2, running.stop).start()
    started = time.monotonic()
    assert running.wait(lambda _: None).how == "stopped"
    assert time.monotonic() - started < process.GRACE_SECONDS


def test_children_that_outlive_a_program_are_ended_and_hold_nothing_up(tmp_path: Path) -> None:
    leave = "\nwhile len([n for n in os.listdir(sys.argv[1]) if n.isdigit()]) < 2: time.sleep(.01)\nprint('done')\n"
    code = TREE.replace("\nstay()\n", leave)
    started = time.monotonic()
    ending, heard = run(code, tmp_path, str(tmp_path))
    assert (ending.how, ending.code) == ("ended", 0)
    assert heard.count(b"done") == 1
    assert time.monotonic() - started < 10
    assert all_gone(pids_in(tmp_path, 2), 0)


def test_one_that_takes_too_much_memory_is_ended_also_where_its_child_takes_it(tmp_path: Path) -> None:
    code = "import os, time\nif os.fork() == 0: held = b'x' * 400_000_000\ntime.sleep(600)"
    ending, _ = run(code, tmp_path, memory=300_000_000)
    assert ending.how == "memory"
    assert ending.peak > 300_000_000


def test_memory_that_two_processes_share_counts_once(tmp_path: Path) -> None:
    code = "import os, time\nheld = b'x' * 200_000_000\nos.fork()\ntime.sleep(1)"
    assert run(code, tmp_path, memory=350_000_000)[0].how == "ended"


@pytest.mark.usefixtures("patience_of_a_test")
def test_nothing_of_it_outlives_a_worker_that_is_killed(tmp_path: Path) -> None:
    """The worker is a process of its own here: SIGKILL leaves it no time for anything."""
    pids_folder, scratch = tmp_path / "pids", tmp_path / "scratch"
    pids_folder.mkdir()
    scratch.mkdir()
    code = (
        "import sys\nfrom pathlib import Path\nfrom hpo.training.programs import process\n"
        "process.GRACE_SECONDS = 0.3\n"
        "program = [sys.executable, '-c', sys.argv[1], sys.argv[2]]\n"
        "process.RunningProgram(program, Path(sys.argv[2]), process.Guards(), scratch=Path(sys.argv[3]))"
        ".wait(lambda _: None)"
    )
    worker = subprocess.Popen([sys.executable, "-c", code, TREE, str(pids_folder), str(scratch)])
    pids = pids_in(pids_folder, 3)
    worker.kill()
    worker.wait()
    assert all_gone(pids, 10)
    end = time.monotonic() + 5
    while scratch.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not scratch.exists()


def test_a_program_whose_guard_is_killed_ends_with_it(tmp_path: Path, guards: Guards) -> None:
    code = "import os, time; os.write(1, b'%d %d' % (os.getpid(), os.getppid())); time.sleep(600)"
    pids: list[int] = []

    def kill_the_guard(chunk: bytes) -> None:
        pids.extend(map(int, chunk.split()))
        os.kill(pids[1], signal.SIGKILL)

    ending = RunningProgram([sys.executable, "-c", code], tmp_path, guards).wait(kill_the_guard, 30)
    assert ending.how == "lost"
    assert all_gone(pids)


def test_one_guard_looks_after_one_program_after_the_other(tmp_path: Path) -> None:
    guards, seen = Guards(), []
    code = "import os; os.write(1, b'%d' % os.getppid())"
    for _ in range(3):
        RunningProgram([sys.executable, "-c", code], tmp_path, guards).wait(seen.append)
        RunningProgram(["./nothing"], tmp_path, guards).wait(seen.append)
    assert len(seen) == 3
    assert len(set(seen)) == 1
    guards.close()
    assert not is_alive(int(seen[0]))


def test_where_a_guard_was_killed_the_next_program_gets_another(tmp_path: Path, guards: Guards) -> None:
    seen: list[bytes] = []
    code = "import os; os.write(1, b'%d' % os.getppid())"
    for _ in range(2):
        assert RunningProgram([sys.executable, "-c", code], tmp_path, guards).wait(seen.append).how == "ended"
        os.kill(int(seen[-1]), signal.SIGKILL)
        assert all_gone([int(seen[-1])])
    assert seen[0] != seen[1]


def test_a_stop_that_comes_late_does_no_harm(tmp_path: Path, guards: Guards) -> None:
    first = RunningProgram(["true"], tmp_path, guards)
    first.wait(lambda _: None)
    first.stop()
    assert RunningProgram(["true"], tmp_path, guards).wait(lambda _: None).how == "ended"


def test_many_arguments_reach_the_program(tmp_path: Path) -> None:
    arguments = [f"{number:0100d}" for number in range(10_000)]
    _, heard = run("import sys; print(len(sys.argv), sys.argv[-1][-4:])", tmp_path, *arguments)
    assert heard == b"10001 9999\n"
