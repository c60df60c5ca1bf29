"""What a study will take, said before it starts: trainings, images, and about how long on this machine."""

from __future__ import annotations

from hpo.cli.data import Looked
from hpo.cli.display import spoken
from hpo.definition.effort import most_trainings
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.engine.progress import progress
from hpo.training.timing import seconds_per_image

LEAST_SECONDS = 10.0
"""Below it starting up takes longer than training, and nothing is said of seconds."""


def effort_line(definition: StudyDefinition, looked: Looked, workers: int) -> str:
    """Return one line on what `definition` takes; the time is that of a few real steps, measured here and now.

    Images are counted once for each epoch that they are trained on. The count is what is expected: of the trials that
    stop early, the race and what follows it, half. Starting up, evaluating and waiting at rungs come on top. How long
    somebody else's training takes is not known.
    """
    trainings = most_trainings(definition)
    counts = f"up to {trainings:,} training{'s' * (trainings != 1)}"
    if looked.data is None:
        return counts
    images = progress(definition, [], [], looked.data.pool_size).total
    counts += f", about {rounded(images)} {looked.data.part.unit} in all"
    if not isinstance(definition.trainer, NetworkTrainer):
        return counts
    seconds = images * seconds_per_image(definition, looked.data) / workers
    if seconds < LEAST_SECONDS:
        return f"{counts}: training takes less than a minute"
    return f"{counts}: training takes about {spoken_long(seconds)} with {workers} worker{'s' * (workers != 1)}"


def spoken_long(seconds: float) -> str:
    """Return a time as `spoken` does, and in days where hours say little."""
    return spoken(seconds) if seconds < 48 * 3600 else f"{seconds / 86_400:,.0f} days"


def rounded(count: float) -> str:
    """Return `count` with two digits that count, as people say large numbers."""
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if count >= size:
            return f"{float(f'{count / size:.2g}'):,.12g} {name}"
    return f"{float(f'{count:.2g}'):,.0f}"
