"""Many at once: workers, starts of one study, definitions under one name."""

from __future__ import annotations

from tests.faults.registry import fault
from tests.faults.scene import Scene


@fault()
def sixteen_workers(scene: Scene) -> None:
    """Sixteen workers share the search."""
    scene.ended(scene.run(workers=16))


@fault()
def four_starts_at_once(scene: Scene) -> None:
    """The same command is started four times at once: all end with the same files."""
    runs = [scene.run(workers=1, out=scene.folder / f"out-{number}") for number in range(4)]
    scene.ended(*runs)


@fault()
def two_definitions_at_once(scene: Scene) -> None:
    """Two definitions are started under one name at once: one is accepted, the other ends with a sentence."""
    runs = {}
    for seed in scene.random.sample([0, 1], 2):
        runs[seed] = scene.run(workers=1, seed=seed, out=scene.folder / f"out-{seed}", codes=(0, 2))
        scene.sleep(scene.random.choice([0.0, 0.0, 0.02, 0.1]))
    scene.ended(*runs.values())
    accepted = [seed for seed, run in runs.items() if run.process.returncode == 0]
    if len(accepted) != 1:
        scene.wrongs.append(f"{len(accepted)} of two definitions were accepted")
    scene.study_seed = accepted[0] if accepted else 0
    for seed, run in runs.items():
        if seed not in accepted and "another definition" not in run.printed:
            scene.wrongs.append("the definition that was refused was not told why")
