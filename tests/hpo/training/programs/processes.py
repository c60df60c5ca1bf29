"""Real processes, and whether they are still there."""

import time
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody asked about has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def all_gone(pids: list[int], seconds: float = 10.0) -> bool:
    """Whether all of them end within so many seconds."""
    end = time.monotonic() + seconds
    while any(map(is_alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(is_alive, pids))


def pids_in(folder: Path, count: int, seconds: float = 20.0) -> list[int]:
    """Return the processes that have written their numbers into `folder`, one a file, once there are `count`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        texts = [path.read_text() for path in folder.iterdir()]
        if len(texts) >= count and all(texts):
            return [int(text) for text in texts]
        time.sleep(0.02)
    raise AssertionError(f"only {len(texts)} came up")


TREE = """
import os, signal, sys, time
def stay():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    name = os.path.join(sys.argv[1], str(os.getpid()))
    with open(name + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(name + ".new", name)
    time.sleep(600)
if os.fork() == 0:
    stay()  # a child
if os.fork() == 0:
    os.setsid()  # a child in a session of its own ...
    if os.fork() == 0:
        stay()  # ... whose child is an orphan
    os._exit(0)
stay()
"""
"""A program of three processes that ignore SIGTERM: itself, a child, and an orphan that has left its session."""
