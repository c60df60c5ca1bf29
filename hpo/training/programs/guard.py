"""Stands between a worker and the program that trains for it, so that nothing of the program outlives the worker.

Run as a script of its own, the leader of a new session: `python -I -S guard.py STATUS GRACE MEMORY FOLDER SCRATCH
COMMAND...`. Its standard input is a pipe that the worker holds; when that says something or closes, however the worker
ended, everything that the program started is ended: SIGTERM, and SIGKILL after GRACE seconds. Also what has left the
group: this process adopts orphans, where the system lets it. Then it deletes the folder SCRATCH. STATUS is the
descriptor that it reports on. Nothing but Python's own modules, and few of them: it is started for every rung.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress

POLL_SECONDS = 0.2
"""Between two looks at how much memory the program takes, where that is limited."""

LEFT_BEHIND_SECONDS = 0.5
"""What a program's children have to end by themselves once the program has."""

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_PAGE = os.sysconf("SC_PAGE_SIZE")


def main(arguments: list[str]) -> None:
    """Start the program, report how it ended, and leave nothing of it."""
    status, grace, memory = int(arguments[0]), float(arguments[1]), int(arguments[2])
    folder, scratch, command = arguments[3], arguments[4], arguments[5:]
    os.set_inheritable(status, False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    died, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    system = _system()
    adopts = system is not None and system.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    child, fault = _start(command, folder, system)
    if fault:
        _report(status, f"failed {fault}")
        return
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):  # they are the program's alone
        os.dup2(nowhere, stream)
    how = _watch(child, died, memory)
    kind = how.split()[0]
    alone = _end_everything({"ended": LEFT_BEHIND_SECONDS, "memory": 0.0, "stopped": grace}[kind], adopts)
    _report(status, how)
    if scratch and kind == "stopped":
        import shutil  # noqa: PLC0415 - seldom needed

        shutil.rmtree(scratch, ignore_errors=True)
    if not alone:
        os.killpg(0, signal.SIGKILL)  # which ends this process, too


def _system() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _start(command: list[str], folder: str, system: ctypes.CDLL | None) -> tuple[int, str]:
    """Return the program's process; or 0, and what failed: the number of the error, and whether it is the folder's."""
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        place = "folder"
        try:
            os.close(heard)
            if system is not None:
                system.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # should this process be killed
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir(folder)
            place = "program"
            os.execvp(command[0], command)
        except OSError as error:
            os.write(told, f"{error.errno} {place}".encode())
        finally:
            os._exit(127)
    os.close(told)
    fault = os.read(heard, 100).decode()
    os.close(heard)
    if fault:
        os.waitpid(child, 0)
    return (0, fault) if fault else (child, "")


def _watch(child: int, died: int, memory: int) -> str:
    """Wait until the program ends, takes too much memory, or is no longer wanted; return which."""
    while True:
        ready, _, _ = select.select([0, died], [], [], POLL_SECONDS if memory else None)
        if died in ready:
            os.read(died, 4096)
            how = _reap(child)
            if how:
                return how
        if 0 in ready:
            return "stopped"
        if memory and (taken := memory_of(descendants(os.getpid()), memory)) > memory:
            return f"memory {taken}"


def _reap(child: int) -> str:
    """Take notice of all processes that have ended; return how the program did, if it is among them."""
    how = ""
    with suppress(ChildProcessError):
        while True:
            process, status, usage = os.wait4(-1, os.WNOHANG)
            if process == 0:
                break
            if process == child:
                how = f"ended {os.waitstatus_to_exitcode(status)} {usage.ru_maxrss}"
    return how


def _end_everything(grace: float, adopts: bool) -> bool:
    """Ask all processes to end, and kill those that have not after `grace` seconds; return whether all are gone.

    Where orphans are not adopted that is not known.
    """
    if _alone(0.0) and adopts:
        return True
    if grace:
        for number in (signal.SIGTERM, signal.SIGCONT):
            _send(number)
        if _alone(grace) and adopts:
            return True
    for _ in range(50):  # who forks all the time may get away once
        _send(signal.SIGKILL)
        if _alone(0.02):
            return adopts
    return False


def _send(number: signal.Signals) -> None:
    """Send a signal to everything that the program started; SIGKILL to each alone, as it would end this one, too."""
    if number != signal.SIGKILL:
        os.killpg(0, number)
    for process in descendants(os.getpid()):
        if number == signal.SIGKILL or os.getpgid(0) != _group(process):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)


def _group(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return 0


def _alone(seconds: float) -> bool:
    """Whether no child is left, waiting for that for so long at most."""
    end = time.monotonic() + seconds
    while True:
        try:
            process, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if process == 0:
            if time.monotonic() >= end:
                return False
            time.sleep(0.005)


def descendants(root: int) -> list[int]:
    """Return all processes that come of `root`, without itself; none where the system has no /proc."""
    found: list[int] = []
    waiting = [root]
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(process: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):  # it has just ended
        for thread in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208
            with open(f"/proc/{process}/task/{thread}/children", "rb") as file:  # noqa: PTH123 - pathlib loads slowly
                children += map(int, file.read().split())
    return children


def memory_of(processes: list[int], limit: int) -> int:
    """Return about how many bytes of memory the processes take together, exactly where that is above `limit`.

    What is resident costs little to ask for, and is too much: it has mapped files in it, and what several processes
    share as often as there are processes.
    """
    resident = sum(_resident(process) for process in processes)
    return resident if resident <= limit else sum(_own(process) for process in processes)


def _resident(process: int) -> int:
    with suppress(OSError, IndexError), open(f"/proc/{process}/statm", "rb") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * _PAGE
    return 0


def _own(process: int) -> int:
    """Return its share of memory that is no file's."""
    total = 0
    with suppress(OSError), open(f"/proc/{process}/smaps_rollup", "rb") as file:  # noqa: PTH123
        for line in file:
            if line.startswith((b"Pss_Anon:", b"Pss_Shmem:")):
                total += int(line.split()[1]) * 1024
    return total


def _report(status: int, text: str) -> None:
    with suppress(OSError):  # the worker is gone
        os.write(status, text.encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
