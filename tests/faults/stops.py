"""SIGSTOP and SIGCONT: a process that is silent for longer than its lease, taken for dead, and wakes up again."""

from __future__ import annotations

import signal

from tests.faults import processes
from tests.faults.processes import Process
from tests.faults.registry import fault
from tests.faults.scene import Scene, Started

ENQUEUEING = "trials ("
"""What an INSERT of a piece of work has in its text."""

LOADED_WITHIN = 8.0


def _wake_later(scene: Scene, pid: int) -> None:
    """Let others notice that the process is silent, and wake it up."""
    scene.sleep(scene.lab.durations.past_the_lease + scene.random.uniform(0, 2))
    processes.send(signal.SIGCONT, [Process(pid, 0, "")])


def _stop_a_worker_at(scene: Scene, at: str, most: int) -> None:
    moment = scene.moment("work", at, "stop", most=most)
    run = scene.run(moments=[moment])
    _wake_later(scene, scene.reached(moment))
    scene.ended(run)


@fault()
def stop_worker_while_training(scene: Scene) -> None:
    """A worker is stopped past its lease while it trains, and wakes up after others took its trial."""
    _stop_a_worker_at(scene, "train", 120)


@fault()
def stop_worker_inside_a_report(scene: Scene) -> None:
    """A worker is stopped past its lease right before one of its statements or commits."""
    _stop_a_worker_at(scene, *scene.random.choice([("write", 150), ("commit", 100)]))


@fault()
def stop_worker_anywhere(scene: Scene) -> None:
    """A worker is stopped past its lease at a random moment."""
    run = scene.run()
    scene.somewhere()
    found = scene.workers()
    if found:
        one = scene.random.choice(found)
        processes.send(signal.SIGSTOP, [one])
        _wake_later(scene, one.pid)
    scene.ended(run)


@fault()
def stop_run_while_enqueueing(scene: Scene) -> None:
    """`hpo run` is stopped while it writes, another one takes over, and the first wakes up."""
    enqueues = ("write", ENQUEUEING, 30)
    at, match, most = scene.random.choice([enqueues, enqueues, ("write", "", 150), ("commit", "", 200)])
    moment = scene.moment("run", at, "stop", match=match, most=most)
    run = scene.run(moments=[moment])
    pid = scene.reached(moment)
    other = _another_run(scene)
    _wake_later(scene, pid)
    scene.ended(run, other)


def _another_run(scene: Scene) -> Started:
    """Start the same study once more, and wait until that one has come so far that it may take over."""
    workers = len(scene.workers())
    other = scene.run(out=scene.folder / "other")
    scene.until(lambda: len(scene.workers()) > workers, LOADED_WITHIN, 0.1)
    return other


@fault()
def stop_run_anywhere(scene: Scene) -> None:
    """`hpo run` is stopped at a random moment, another one takes over, and the first wakes up."""
    run = scene.run()
    scene.somewhere()
    processes.send(signal.SIGSTOP, [Process(run.pid, 0, "")])
    other = _another_run(scene)
    _wake_later(scene, run.pid)
    scene.ended(run, other)


@fault()
def stop_everything(scene: Scene) -> None:
    """All processes are stopped past their leases, as by a suspended laptop, up to four times in one search."""
    run = scene.run()
    for _ in range(scene.random.randint(1, 4)):
        scene.somewhere()
        processes.send(signal.SIGSTOP, scene.processes())
        scene.sleep(scene.lab.durations.past_the_lease)
        found = scene.processes()
        scene.random.shuffle(found)
        processes.send(signal.SIGCONT, found)
        if run.process.poll() is not None:
            break
    scene.ended(run)
