"""The largest network that a study may train, counted before any is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hpo import models
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import networks_of
from hpo.models.sizes import NetworkSize
from hpo.searching.space import Value, to_try
from hpo.storage.errors import UserError


@dataclass(frozen=True, slots=True)
class Largest:
    """A network of the space: what its config sets, how large it is, and the memory that training it takes."""

    config: Mapping[str, Value]
    size: NetworkSize
    training_bytes: int


def largest_network(
    definition: StudyDefinition, image_shape: tuple[int, ...], classes: int, pool: int
) -> Largest | None:
    """Return what takes the most memory of all that `definition` may train on images of `image_shape`.

    Hyperparameters are set one after the other, each to the value of its limits or choices that makes the most of
    those before it. A combination that a relation forbids, or that does not fit the images, is passed over, and told
    elsewhere; None where none fits. Raises UserError, with the numbers, for a network that is too large to be made.
    """
    best = _measured(definition, {}, image_shape, classes, pool)
    config: dict[str, Value] = {}
    for name, hyperparameter in definition.space.hyperparameters.items():
        for value in to_try(hyperparameter):
            if not definition.space.allows({**config, name: value}):
                continue
            found = _measured(definition, {**config, name: value}, image_shape, classes, pool)
            if found is not None and (best is None or found.training_bytes > best.training_bytes):
                best = found
        config = dict(best.config) if best is not None else config
    return best


def _measured(
    definition: StudyDefinition, config: Mapping[str, Value], image_shape: tuple[int, ...], classes: int, pool: int
) -> Largest | None:
    """Return the network of `config`, None where it fits no image; UserError where it is too large."""
    try:
        network, training = networks_of(definition).settings(definition.space.whole(config))
        size = models.network_size(network, image_shape, classes)
    except (UserError, ValueError):
        return None
    try:
        size.check()
    except ValueError as error:
        where = f"space.{', '.join(config)}: " if config else "model: "
        raise UserError(f"{where}{error}") from error
    return Largest(config, size, size.training_bytes(min(training.batch_size, pool)))
