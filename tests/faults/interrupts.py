"""Somebody asks to stop: Ctrl-C and SIGTERM, at any time."""

from __future__ import annotations

import contextlib
import os
import signal

from tests.faults.registry import WrongError, fault
from tests.faults.scene import Scene, Started

WITHIN = 20.0


def _stopped(scene: Scene, run: Started, number: signal.Signals, times: int = 1) -> None:
    """Send a signal to the whole group, as a terminal does, and see that it ends soon; then go on."""
    for _ in range(times):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, number)
        scene.sleep(scene.random.uniform(0, 0.3) if times > 1 else 0)
    try:
        scene.ended(run, seconds=WITHIN)
    except WrongError:
        scene.wrongs.append(f"{number.name} was not answered within {WITHIN:.0f} s")
        scene.kill_all()
    scene.check_left_over()
    scene.resume()


@fault()
def ctrl_c(scene: Scene) -> None:
    """Ctrl-C at a random moment of the search: exit code 130; the same command goes on."""
    run = scene.run(codes=(0, 130))
    scene.somewhere()
    _stopped(scene, run, signal.SIGINT)


@fault()
def ctrl_c_early(scene: Scene) -> None:
    """Ctrl-C in the first three seconds: exit code 130, no traceback; the same command goes on."""
    run = scene.run(codes=(0, 130))
    _early(scene, run)
    _stopped(scene, run, signal.SIGINT)


def _early(scene: Scene, run: Started) -> None:
    """Wait for a random moment of the first three seconds, but for those that Python itself takes to begin."""
    scene.until(lambda: b"hpo.run" in _command_line(run.pid), 5, 0.001)
    scene.sleep(scene.random.uniform(0.15, 3.0))


def _command_line(pid: int) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
        return file.read()
    return b""


@fault()
def ctrl_c_twice(scene: Scene) -> None:
    """Ctrl-C two or three times in a row."""
    run = scene.run(codes=(0, 130))
    scene.somewhere()
    _stopped(scene, run, signal.SIGINT, scene.random.choice([2, 3]))


@fault()
def sigterm(scene: Scene) -> None:
    """SIGTERM at a random moment of the search: exit code 130; the same command goes on."""
    run = scene.run(codes=(0, 130))
    scene.somewhere()
    _stopped(scene, run, signal.SIGTERM)


@fault()
def sigterm_early(scene: Scene) -> None:
    """SIGTERM in the first three seconds: exit code 130; the same command goes on."""
    run = scene.run(codes=(0, 130))
    _early(scene, run)
    _stopped(scene, run, signal.SIGTERM)
