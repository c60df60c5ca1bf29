"""Which processes belong to a search: all that inherited its mark, wherever they are in the tree of processes."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

MARK = "HPO_FAULT_SCENE"


@dataclass(frozen=True)
class Process:
    """A process as /proc shows it."""

    pid: int
    parent: int
    command: str

    @property
    def is_run(self) -> bool:
        """Whether it is an `hpo run` itself."""
        return "hpo.run" in self.command


def of_scene(scene: str) -> list[Process]:
    """Return the living processes that were started with the mark `scene`, oldest first."""
    mark, found = f"{MARK}={scene}".encode(), []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            if mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if state not in "ZX":
                found.append(Process(int(folder.name), int(parent), command))
    return sorted(found, key=lambda process: process.pid)


def workers(processes: list[Process]) -> list[Process]:
    """Return those that train: the `hpo work` processes that have no `hpo work` below them."""
    working = [process for process in processes if "hpo.work" in process.command and "unshare" not in process.command]
    parents = {process.parent for process in working}
    return [process for process in working if process.pid not in parents]


def send(number: signal.Signals, processes: list[Process]) -> None:
    """Send a signal to those that are still there."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
