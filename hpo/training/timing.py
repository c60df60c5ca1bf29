"""How long a study's own network trains on an image here: a few real steps, made once before the study starts."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from hpo import models
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import networks_of
from hpo.models.trainer import Trainer
from hpo.searching.space import Config
from hpo.storage.errors import UserError
from hpo.training.images import StudyData

SECONDS = 0.05
"""How long is measured, while nothing trains yet."""

MOST_IMAGES = 128
"""Of a step that is measured: a larger batch takes as long for each of its images, and longer than SECONDS in all."""


def seconds_per_image(definition: StudyDefinition, data: StudyData) -> float:
    """Return about how long training takes per image and epoch, measured with the network in the middle of the space.

    Evaluations, which add some tenths, are left out. Nothing that is drawn or trained here goes anywhere.
    """
    network, training = _in_the_middle(definition)
    rng = np.random.default_rng(0)
    count = min(training.batch_size, data.pool_size, MOST_IMAGES)
    batch = data.split.pool[:count]
    trainer = Trainer(
        models.build_network(network, data.image_shape, data.part.classes, rng),
        models.Examples(data.pictures.images[batch], data.pictures.labels[batch]),
        training,
        rng,
        epochs=1_000_000,
    )
    started = perf_counter()
    trainer.run_until(1)  # it makes the buffers
    first = now = perf_counter()
    while now - started < SECONDS:
        trainer.run_until(trainer.step + 1)
        now = perf_counter()
    steps = trainer.step - 1
    return (now - first) / (steps * count) if steps else (first - started) / count


def _in_the_middle(definition: StudyDefinition) -> tuple[models.NetworkDescription, models.TrainingSettings]:
    """Return the settings in the middle of where round 1 looks, or the definition's own where these make no network."""
    space = definition.space
    values = space.completed({}, space.start())
    config: Config = {name: values[name] for name in space.active(values)}
    try:
        return networks_of(definition).settings(space.whole(config))
    except UserError:
        return networks_of(definition).settings(space.fixed)
