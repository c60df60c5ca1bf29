"""The processes that stand between a worker and its programs, as the worker has them; what they do is in guard.py."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from hpo.training.programs import guard


class Guard:
    """One such process, and the socket that it is asked through."""

    def __init__(self) -> None:
        self.connection, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def ask(self, request: Mapping[str, Any], streams: Sequence[int]) -> None:
        """Let it start a program that writes to `streams`, its standard output and error."""
        text = json.dumps(request).encode()
        with suppress(OSError):  # it was killed, which is seen as it reports nothing
            socket.send_fds(self.connection, [len(text).to_bytes(guard.LENGTH, "big")], streams)
            self.connection.sendall(text)

    def leave(self) -> None:
        """Ask it for nothing more: it then ends what runs, and itself."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)

    def end(self) -> None:
        """End it as it is, with all that is in its session."""
        self.leave()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # nobody else has this number before `wait`
        self.process.wait()
        self.connection.close()


class Guards:
    """Those of one worker. One is kept for the next program, as it takes longer to start than many a program."""

    def __init__(self) -> None:
        self._idle: list[Guard] = []

    def take(self) -> Guard:
        """Return one that has nothing to do."""
        while self._idle:
            guard = self._idle.pop()
            if guard.process.poll() is None:
                return guard
            guard.end()
        return Guard()

    def give_back(self, each: Guard) -> None:
        """Keep one for the next program."""
        self._idle.append(each)

    def close(self) -> None:
        """End those that have nothing to do."""
        while self._idle:
            self._idle.pop().end()
