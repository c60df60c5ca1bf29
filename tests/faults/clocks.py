"""Clocks that are wrong, and hosts that are called the same."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.faults import processes
from tests.faults.registry import POSTGRESQL, SQLITE, fault
from tests.faults.scene import Scene

HOURS = 7200


def _clock(scene: Scene) -> tuple[Path, dict[str, str]]:
    """Return the file that says by how many seconds a clock is wrong, and the environment of whom it is wrong for."""
    library, file = scene.lab.native("clock"), scene.folder / "clock"
    file.write_bytes(bytes(8))
    return file, {"LD_PRELOAD": str(library), "HPO_FAULT_CLOCK": str(file)}


def _set(file: Path, seconds: int) -> None:
    with file.open("r+b") as opened:
        opened.write(seconds.to_bytes(8, "little", signed=True))


@fault(POSTGRESQL)
def clock_of_one_host(scene: Scene) -> None:
    """The clock of one worker's host is two hours ahead, or behind."""
    file, environment = _clock(scene)
    _set(file, scene.random.choice([HOURS, -HOURS]))
    run = scene.run(workers=1)
    scene.somewhere(most=0.3)
    work = scene.work(environment=environment)
    scene.ended(run, work)


@fault(SQLITE)
def clock_set(scene: Scene) -> None:
    """The machine's clock is set two hours forward, or back, while the search runs."""
    file, scene.environment = _clock(scene)
    run = scene.run()
    scene.somewhere()
    _set(file, scene.random.choice([HOURS, -HOURS]))
    scene.ended(run)


def _other_host(scene: Scene) -> list[str]:
    """Return what makes a command believe that it is on another host of the same name."""
    boot = scene.folder / "boot_id"
    boot.write_text("11111111-2222-4333-8444-555555555555\n", encoding="utf-8")
    script = f'mount --bind {boot} /proc/sys/kernel/random/boot_id && exec "$@"'
    apart = ["unshare", "--pid", "--fork", "--uts", "--mount", "--mount-proc", "--kill-child"]
    command = [*apart, "sh", "-c", script, "sh"]
    done = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        scene.skip(f"no second host can be made here: {done.stderr.strip()}")
    return command


def _two_hosts(scene: Scene, environment: dict[str, str]) -> None:
    before = _other_host(scene)
    scene.environment = environment
    run = scene.run(workers=scene.random.choice([1, 2]))
    scene.somewhere(most=0.3)
    other = scene.random.choice([scene.work, lambda **how: scene.run(workers=1, out=scene.folder / "other", **how)])
    second = other(before=before)
    scene.ended(run, second)
    for each in (run, second):
        if "lost its worker" in each.printed:
            scene.wrongs.append("a living worker was taken for dead")


@fault()
def two_hosts_with_one_name(scene: Scene) -> None:
    """Two hosts have one name, and their namespaces of process ids one number: nobody is taken for dead."""
    _two_hosts(scene, {"HPO_FAULT_NAMESPACE": "pid:[4026531836]"})


@fault()
def two_containers_on_one_host(scene: Scene) -> None:
    """Two containers have one name: the same process id means two processes."""
    _two_hosts(scene, {})


@fault()
def host_lost(scene: Scene) -> None:
    """The second of two hosts with one name is lost in the middle of its work."""
    before = _other_host(scene)
    scene.environment = {"HPO_FAULT_NAMESPACE": "pid:[4026531836]"}
    run = scene.run(workers=1)
    scene.somewhere(most=0.3)
    second = scene.work(before=before, codes=(0, -signal.SIGKILL, 128 + signal.SIGKILL))
    scene.sleep(scene.random.uniform(1.5, 3.5))
    here = _namespace(os.getpid())
    lost = [process for process in scene.processes() if _namespace(process.pid) not in ("", here)]
    processes.send(signal.SIGKILL, [*lost, processes.Process(second.pid, 0, "")])
    scene.ended(run, second)


def _namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""
