import os
import signal
import subprocess
import sys
import time

import pytest

from hpo.storage import holders
from hpo.storage.holders import Holder, is_dead, name_of, started_at

on_linux = pytest.mark.skipif(holders.this_machine() == holders.UNKNOWN, reason="only Linux says when a process began")


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_holder_is_known_by_its_name_and_two_of_one_process_are_not_the_same():
    one, other = Holder(), Holder()
    assert name_of(one.text) == one.name != other.name
    assert not is_dead(one.text)


@on_linux
def test_a_process_that_was_killed_is_dead_at_once_even_while_nobody_has_asked_how_it_ended():
    process = sleeper()
    holder = Holder(pid=process.pid)
    assert not is_dead(holder.text)
    process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not is_dead(holder.text) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_dead(holder.text)  # it is a zombie
    process.wait()
    assert is_dead(holder.text)  # and now it is gone


@on_linux
def test_a_process_that_is_stopped_is_alive():
    process = sleeper()
    try:
        os.kill(process.pid, signal.SIGSTOP)
        assert not is_dead(Holder(pid=process.pid).text)
    finally:
        process.kill()
        process.wait()


@on_linux
def test_another_process_that_was_given_the_same_id_is_not_the_holder():
    assert is_dead(Holder(pid=os.getpid(), started="1").text)


@pytest.mark.parametrize("machine", ["00000000-0000-0000-0000-000000000000/pid:[4026531836]", holders.UNKNOWN])
def test_of_another_machine_nobody_is_known_to_be_dead_whatever_it_is_called(machine):
    assert not is_dead(Holder(machine=machine, pid=1, started="1").text)


@pytest.mark.parametrize("text", ["", "nonsense", "a b c d", "x"])
def test_what_is_no_holder_is_not_known_to_be_dead(text):
    assert not is_dead(text)


def test_nobody_started_where_there_is_no_process():
    assert started_at(2**22 + 1) is None
