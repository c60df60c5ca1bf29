"""A disk that is full, and a disk that forgets: what was not synced when the power went."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from hpo.storage.schema import ENDED
from tests.faults import reading
from tests.faults.reading import Reading
from tests.faults.registry import SQLITE, fault
from tests.faults.scene import Scene
from tests.faults.study import NAME

BLOCK = 4096
KILLED = (0, -9)


@fault(SQLITE)
def disk_full(scene: Scene) -> None:
    """The disk of the database is full for a while; the run waits, or ends with a sentence and is run again."""
    folder = scene.file.parent
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        scene.skip(f"no small disk can be made here: {done.stderr.strip()}")
    scene.at_the_end(lambda: subprocess.run(["umount", "-l", str(folder)], check=False))
    run = scene.run(codes=(0, 1, 2))
    scene.somewhere()
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(BLOCK))
        except OSError:
            pass
    scene.until(lambda: run.process.poll() is not None, scene.random.uniform(1, 8))
    ballast.unlink()
    scene.ended(run)
    if run.process.returncode:
        scene.resume()


def _cut(scene: Scene) -> None:
    """Kill everything, and put back what of the database the disk is sure to have, and perhaps some more."""
    scene.kill_all()
    more = scene.random.choice([0.0, 0.0, 0.5, 1.0])
    for ending in ("", "-wal", "-journal"):
        file = Path(f"{scene.file}{ending}")
        synced = Path(f"{file}.synced")
        if not synced.exists():
            file.unlink(missing_ok=True)
            continue
        left = _mixed(synced.read_bytes(), file.read_bytes() if file.exists() else b"", more, scene)
        file.write_bytes(left)
        synced.write_bytes(left)  # it is on the disk now
    Path(f"{scene.file}-shm").unlink(missing_ok=True)


def _mixed(sure: bytes, written: bytes, more: float, scene: Scene) -> bytes:
    """Return the synced content, with a random share of the blocks that were written since."""
    if not more:
        return sure
    blocks = bytearray(sure.ljust(len(written), b"\0"))
    for start in range(0, len(written), BLOCK):
        if scene.random.random() < more:
            blocks[start : start + BLOCK] = written[start : start + BLOCK]
    return bytes(blocks)


def _with_power_cuts(scene: Scene, moment_of_cut: Callable[[], None], times: int) -> None:
    scene.environment["LD_PRELOAD"] = str(scene.lab.native("power"))
    for _ in range(times):
        scene.run(codes=KILLED)
        moment_of_cut()
        try:
            before: Reading | None = reading.read(scene.url, NAME)
        except Exception:  # it was cut while it was made
            before = None
        _cut(scene)
        if before is not None:
            scene.wrongs += _lost(before, _left(scene))
    scene.resume()


def _left(scene: Scene) -> Reading:
    """Return what the cut database holds; nothing, if not even the tables are there."""
    try:
        return reading.read(scene.url, NAME)
    except (sa.exc.SQLAlchemyError, FileNotFoundError):
        return Reading("not there", (), ())


def _lost(before: Reading, after: Reading) -> list[str]:
    """Return what a power cut took that it may not take: finished trials, and lines of the ledger."""
    over, left = ({piece.key for piece in found.pieces if piece.state in ENDED} for found in (before, after))
    found = [f"a power cut took finished trials: {len(over - left)} of {len(over)}"] if over - left else []
    lines = set(before.ledger) - set(after.ledger)
    return found + ([f"a power cut took {len(lines)} of {len(before.ledger)} lines of the ledger"] if lines else [])


@fault(SQLITE)
def power_cut(scene: Scene) -> None:
    """The power is cut: what was not synced is gone, or half of it; the same command goes on."""
    _with_power_cuts(scene, scene.somewhere, 1)


@fault(SQLITE)
def power_cut_thrice(scene: Scene) -> None:
    """The power is cut three times in one search."""
    _with_power_cuts(scene, scene.somewhere, 3)
