"""A process that waits for its database, or hangs in its driver, ends when it is asked to."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo.engine.exit_codes import INTERRUPTED
from hpo.engine.interrupts import STOPPING, Interrupted, StopRequest, pause
from tests.conftest import ROOT
from tests.support.searches import wait_for

WAITS = """
from hpo.cli.running import run_command, say
from hpo.engine import watchdog
from hpo.engine.interrupts import StopRequest, pause
"""


@contextlib.contextmanager
def process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", WAITS + code, *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield started
        started.kill()


def ends(started: subprocess.Popen[str], within: float) -> str:
    printed, _ = started.communicate(timeout=within)
    assert started.returncode == INTERRUPTED, printed
    assert "Traceback" not in printed
    return printed


def test_a_pause_ends_as_soon_as_a_stop_is_asked_for_and_so_does_every_later_one() -> None:
    with StopRequest() as stop:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            stop.pause(60)
        assert 0.1 < time.monotonic() - began < 2
    with pytest.raises(Interrupted):
        pause(60)
    with StopRequest():
        pause(0.01)


def test_nobody_watches_over_a_process_whose_search_is_over() -> None:
    with StopRequest():
        os.kill(os.getpid(), signal.SIGTERM)
        wait_for(lambda: "watchdog of the driver" in _threads())
    wait_for(lambda: "watchdog of the driver" not in _threads())


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_a_pause_in_another_thread_ends_too() -> None:
    raised = threading.Event()

    def wait() -> None:
        with contextlib.suppress(Interrupted):
            pause(60)
            return
        raised.set()

    with StopRequest():
        waiting = threading.Thread(target=wait)
        waiting.start()
        os.kill(os.getpid(), signal.SIGTERM)
        waiting.join(5)
        assert raised.is_set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("inside", ["with StopRequest(say):", "if True:"])
def test_a_command_that_waits_for_its_database_ends_at_once(number: signal.Signals, inside: str) -> None:
    code = f"""
def command():
    {inside}
        say("ready")
        pause(600)
raise SystemExit(run_command(command))
"""
    with process(code) as waiting:
        waiting.send_signal(number)
        assert ends(waiting, 5) == f"{STOPPING}\n"


HANGS = """
watchdog.HANGING_SECONDS = 1.0
watchdog._DRIVERS = ("the_driver",)
import hashlib, types
driver = types.ModuleType("the_driver")  # which is in C for minutes, and hears of nothing there
driver.hashlib = hashlib
exec("def call(): hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)", vars(driver))
"""


def test_a_driver_that_does_not_come_back_is_left_when_a_stop_was_asked_for() -> None:
    code = f"""{HANGS}
with StopRequest(say):
    say("ready")
    driver.call()
"""
    with process(code) as hanging:
        hanging.send_signal(signal.SIGTERM)
        assert "the database's driver does not come back" in ends(hanging, 10)


def test_a_thread_that_hangs_in_the_driver_and_is_waited_for_is_left_too() -> None:
    code = f"""{HANGS}
import threading
with StopRequest(say):
    thread = threading.Thread(target=driver.call, daemon=True)
    thread.start()
    say("ready")
    thread.join()
"""
    with process(code) as hanging:
        hanging.send_signal(signal.SIGTERM)
        assert "the database's driver does not come back" in ends(hanging, 10)


def test_what_takes_long_elsewhere_is_not_taken_for_a_driver() -> None:
    code = f"""{HANGS}
import time
with StopRequest(say):
    say("ready")
    time.sleep(3)
say("written")
"""
    with process(code) as busy:
        busy.send_signal(signal.SIGTERM)
        printed, _ = busy.communicate(timeout=20)
    assert printed == f"{STOPPING}\nwritten\n"
    assert busy.returncode == 0


def test_a_second_ctrl_c_is_heard_inside_a_driver() -> None:
    code = f"""{HANGS}
watchdog.HANGING_SECONDS = 1000.0
with StopRequest(say):
    say("ready")
    driver.call()
"""
    with process(code) as hanging:
        hanging.send_signal(signal.SIGINT)
        time.sleep(0.3)
        hanging.send_signal(signal.SIGINT)
        ends(hanging, 5)


def test_a_forked_child_tells_its_parent_nothing_of_its_signals() -> None:
    code = """
import os, signal, time
with StopRequest(say) as stop:
    child = os.fork()
    if not child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
        say("ready")
        time.sleep(60)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    say(f"the child ended with {code}, a stop was asked for here: {stop.requested}")
"""
    with process(code) as parent:
        (child,) = map(int, Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split())
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            os.kill(child, number)
        printed, _ = parent.communicate(timeout=20)
    assert printed == "the child ended with 7, a stop was asked for here: False\n"


def test_a_stop_that_was_swallowed_in_training_is_raised_behind_it() -> None:
    def swallowing() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException:
            return

    with StopRequest() as stop, pytest.raises(Interrupted), stop.interruptible():
        swallowing()


def test_a_stop_inside_a_shielded_block_waits_until_its_end() -> None:
    written = []

    def train(stop: StopRequest) -> None:
        with stop.interruptible():
            with stop.shielded():
                signal.raise_signal(signal.SIGTERM)
                written.append("all of it")
            written.append("what comes behind it")

    with StopRequest() as stop, pytest.raises(Interrupted):
        train(stop)
    assert written == ["all of it"]


def test_behind_a_shielded_block_that_failed_a_stop_is_obeyed_at_once_again() -> None:
    trained = []

    def train(stop: StopRequest) -> None:
        with stop.interruptible():
            with contextlib.suppress(OSError), stop.shielded():
                raise OSError
            signal.raise_signal(signal.SIGTERM)
            trained.append("further")

    with StopRequest() as stop, pytest.raises(Interrupted):
        train(stop)
    assert not trained


def test_outside_of_training_a_shielded_block_raises_nothing() -> None:
    with StopRequest() as stop:
        with stop.shielded():
            signal.raise_signal(signal.SIGTERM)
        assert stop.requested
