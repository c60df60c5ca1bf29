"""SIGKILL: of one process, of several, of all, and at exact moments of their transactions."""

from __future__ import annotations

import signal

from tests.faults import processes
from tests.faults.registry import fault
from tests.faults.scene import Scene

IN_A_WORKER = [("work", "write", 150), ("work", "commit", 100)]
"""Moments of a worker, and how many of them it has at least in one search."""


@fault()
def kill_worker(scene: Scene) -> None:
    """A worker is killed at a random moment."""
    run = scene.run()
    scene.somewhere()
    if found := scene.workers():
        processes.send(signal.SIGKILL, [scene.random.choice(found)])
    scene.ended(run)


@fault()
def kill_workers_again_and_again(scene: Scene) -> None:
    """Workers are killed ten times, at random moments; the run goes on by itself."""
    run = scene.run()
    scene.somewhere(most=0.2)
    for _ in range(10):
        if found := scene.workers():
            processes.send(signal.SIGKILL, [scene.random.choice(found)])
        scene.sleep(scene.random.uniform(0.1, 0.7))
    scene.ended(run)


@fault()
def kill_run(scene: Scene) -> None:
    """`hpo run` itself is killed, its workers are not; the same command goes on."""
    run = scene.run(codes=(0, -signal.SIGKILL))
    scene.somewhere()
    processes.send(signal.SIGKILL, [process for process in scene.processes() if process.pid == run.pid])
    scene.sleep(scene.random.choice([0.0, 0.0, 1.0]))
    scene.ended(run)
    scene.resume()


@fault()
def kill_all(scene: Scene) -> None:
    """All processes are killed at once; the same command goes on."""
    scene.run(codes=(0, -signal.SIGKILL))
    scene.somewhere()
    scene.kill_all()
    scene.resume()


@fault()
def kill_all_at_the_start(scene: Scene) -> None:
    """All processes are killed while the database and the study are made."""
    scene.run(codes=(0, -signal.SIGKILL))
    scene.sleep(scene.random.uniform(0.3, 3.0))
    scene.kill_all()
    scene.resume()


@fault()
def kill_any_process(scene: Scene) -> None:
    """Whatever process is drawn is killed, three times; the same command goes on where need be."""
    run = scene.run(codes=(0, -signal.SIGKILL))
    for _ in range(3):
        scene.somewhere()
        if found := scene.processes():
            processes.send(signal.SIGKILL, [scene.random.choice(found)])
        if run.process.poll() is not None:
            run = scene.run(codes=(0, -signal.SIGKILL))
    scene.ended(run)
    if run.process.returncode:
        scene.resume()


@fault()
def kill_inside_a_transaction(scene: Scene) -> None:
    """A process is killed right before one of its statements or commits."""
    role, at, most = scene.random.choice([("run", "write", 150), ("run", "commit", 200), *IN_A_WORKER])
    moment = scene.moment(role, at, "kill", most=most)
    run = scene.run(codes=(0, -signal.SIGKILL), moments=[moment])
    scene.reached(moment)
    scene.ended(run)
    if run.process.returncode:
        scene.resume()


@fault()
def kill_all_thrice_in_one_trial(scene: Scene) -> None:
    """All processes are killed three times while the same trial trains: nobody's fault, so it must not fail."""
    seed = scene.random.choice(scene.lab.undisturbed().reading.pieces).seed
    for _ in range(3):
        moment = scene.moment("", "train", "wait", match=f"seed {seed};", seconds=60)
        scene.run(codes=(0, -signal.SIGKILL), moments=[moment])
        scene.reached(moment)
        scene.kill_all()
    scene.resume()
