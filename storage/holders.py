"""Who holds a lease: a process that can be told from every other one, also on machines with the same name.

A host's name proves nothing: two machines may share it, and so may two containers. A process is known by the boot of
its machine, its pid namespace, its id and the time at which it started. Where all of that is this very machine's, a
process that is gone, or a zombie, is dead at once; of any other one only the expiry of its lease can tell.
"""

from __future__ import annotations

import os
import re
import socket
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LEASE_SECONDS = float(os.environ.get("HPO_LEASE_SECONDS", "30"))
"""A lease that was not renewed for so long, by the database's clock, is free for anybody."""

RENEW_SECONDS = LEASE_SECONDS / 6

UNKNOWN = "?"
_NUMBER = re.compile("[0-9]{1,18}")


@cache
def this_machine() -> str:
    """Return a name for the processes whose ids mean the same until the next boot; UNKNOWN where that can't be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink().name}"
    except OSError:
        return UNKNOWN


def started_at(pid: int) -> str | None:
    """Return when the process `pid` of this machine started, in the kernel's own measure; None if it is dead."""
    try:
        after_the_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return None
    state, *numbers = after_the_name.split()
    return None if state in ("Z", "X") else numbers[18]


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds leases. Its name, for people, is unique, too."""

    machine: str = field(default_factory=this_machine)
    pid: int = field(default_factory=os.getpid)
    started: str = ""
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        if not self.started and self.machine != UNKNOWN:
            object.__setattr__(self, "started", started_at(self.pid) or "0")

    @property
    def text(self) -> str:
        """What the database has of it."""
        return f"{self.machine} {self.pid} {self.started or 0} {self.name}"


def name_of(text: str) -> str:
    """Return the name in a holder's text."""
    return text.rsplit(" ", maxsplit=1)[-1]


def is_dead(text: str) -> bool:
    """Say whether the process that `text` names is known to be gone: one of this machine, since this boot."""
    machine, pid, started, *_ = (*str(text).split(" "), "", "", "")  # SQLite takes bytes for a text
    if machine in ("", UNKNOWN) or machine != this_machine() or not _NUMBER.fullmatch(pid):
        return False
    return started_at(int(pid)) != started
