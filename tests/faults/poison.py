"""A trial that kills whoever trains it."""

from __future__ import annotations

from tests.faults.registry import fault
from tests.faults.scene import Scene


@fault()
def poison_trial(scene: Scene) -> None:
    """Every worker that trains a certain trial is killed: that trial fails after three, and the run goes on."""
    searched = [piece for piece in scene.lab.undisturbed().reading.pieces if piece.key.startswith("round 1 ")]
    poison = scene.random.choice(searched)
    moment = scene.moment("work", "train", "kill", match=f"seed {poison.seed};", again=True)
    scene.failed = poison.key
    run = scene.run(moments=[moment])
    scene.ended(run)
