"""Stands between a worker and the programs that train for it, so that nothing of a program outlives the worker.

Run as a script of its own, the leader of a new session: `python -I -S guard.py CONNECTION`, a socket's descriptor. The
worker asks for one program after the other and is told how each ended. When its end of the socket closes, however the
worker ended, everything that the program started is ended: SIGTERM, and SIGKILL a while later. Also what has left the
session: this process adopts orphans, where the system lets it. Nothing but Python's own modules, and few of them.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

POLL_SECONDS = 0.2
"""Between two looks at how much memory a program takes, where that is limited."""

LEFT_BEHIND_SECONDS = 0.5
"""What a program's children have to end by themselves once the program has."""

LENGTH = 8
"""Bytes that a request begins with: how many come after them."""

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Guard:
    """Runs programs for whoever has the other end of `connection`."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self._died, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._system = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._adopts = self._system is not None and self._system.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0

    def serve(self) -> None:
        """Run what is asked for, until nobody asks any more."""
        while (asked := self._asked()) is not None:
            request, streams = asked
            child, fault = _start(request["command"], request["folder"], streams, self._system)
            for stream in streams:
                os.close(stream)
            if fault:
                self._report({"how": "failed", **fault})
            else:
                self._look_after(child, request)

    def _asked(self) -> tuple[dict[str, Any], list[int]] | None:
        """Return the next request and the descriptors for the program's output; None when there is none any more."""
        closed_in_programs = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        begin, streams, _, _ = socket.recv_fds(self._connection, LENGTH, 2, closed_in_programs)
        if len(begin) < LENGTH:
            return None
        length, text = int.from_bytes(begin, "big"), b""
        while len(text) < length:
            chunk = self._connection.recv(length - len(text))
            if not chunk:
                return None
            text += chunk
        return json.loads(text), list(streams)

    def _look_after(self, child: int, request: dict[str, Any]) -> None:
        """Report how the program ended, or was ended, when nothing of it is left."""
        report = self._watch(child, request["memory"])
        how = report["how"]
        grace = {"ended": LEFT_BEHIND_SECONDS, "memory": 0.0, "stopped": request["grace"]}[how]
        alone = _end_everything(grace, self._adopts)
        self._report(report | {"leaves": not alone})
        if how == "stopped" and request["scratch"]:
            shutil.rmtree(request["scratch"], ignore_errors=True)
        if not alone:
            os.killpg(0, signal.SIGKILL)  # which ends this process, too

    def _watch(self, child: int, memory: int) -> dict[str, Any]:
        """Wait until the program ends, takes too much memory, or is no longer wanted; return which."""
        while True:
            ready, _, _ = select.select(
                [self._connection.fileno(), self._died], [], [], POLL_SECONDS if memory else None
            )
            if self._died in ready:
                os.read(self._died, 4096)
                report = _reap(child)
                if report is not None:
                    return report
            if self._connection.fileno() in ready:
                return {"how": "stopped"}
            if memory and (taken := memory_of(descendants(os.getpid()), memory)) > memory:
                return {"how": "memory", "peak": taken}

    def _report(self, report: dict[str, Any]) -> None:
        with suppress(OSError):  # the worker is gone
            self._connection.sendall(json.dumps(report).encode() + b"\n")


def _start(
    command: list[str], folder: str, streams: list[int], system: ctypes.CDLL | None
) -> tuple[int, dict[str, Any]]:
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
            for place_of, stream in enumerate([os.open(os.devnull, os.O_RDONLY), *streams]):
                os.dup2(stream, place_of)
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
    if not fault:
        return child, {}
    os.waitpid(child, 0)
    code, place = fault.split()
    return 0, {"code": int(code), "place": place}


def _reap(child: int) -> dict[str, Any] | None:
    """Take notice of all processes that have ended; return how the program did, if it is among them."""
    report = None
    with suppress(ChildProcessError):
        while True:
            process, status, usage = os.wait4(-1, os.WNOHANG)
            if process == 0:
                break
            if process == child:
                report = {"how": "ended", "code": os.waitstatus_to_exitcode(status), "peak": usage.ru_maxrss * 1024}
    return report


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


if __name__ == "__main__":
    Guard(socket.socket(fileno=int(sys.argv[1]))).serve()
