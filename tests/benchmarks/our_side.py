"""Our side of the benchmark: what the service itself calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo import models
from hpo.models.trainer import Trainer
from tests.benchmarks.interleaving import Side

ENDLESS = 1_000_000  # epochs


def steps(
    description: models.NetworkDescription,
    examples: models.Examples,
    settings: models.TrainingSettings,
    *,
    reference: bool = False,
) -> Side:
    """Return a side that trains one fresh network on and on, as a `reference` layer by layer; a unit is a step."""
    rng = np.random.default_rng(0)
    network = models.build_network(description, examples.images.shape[1:], 10, rng, reference=reference)
    return train(network, examples, settings, rng)


def train(
    network: models.Network, examples: models.Examples, settings: models.TrainingSettings, rng: np.random.Generator
) -> Side:
    """Return a side that trains `network` on and on; a unit is a step."""
    trainer = Trainer(network, examples, settings, rng, ENDLESS)

    def run(units: int) -> None:
        if problem := trainer.run_until(trainer.step + units):
            raise RuntimeError(problem)

    return run


def trials(
    description: models.NetworkDescription,
    train: models.Examples,
    validation: models.Examples,
    settings: models.TrainingSettings,
    *,
    epochs: int,
    rungs: Sequence[int],
) -> Side:
    """Return a side whose unit is a whole trial, as a worker runs it."""
    rng = np.random.default_rng(0)

    def run(units: int) -> None:
        for _ in range(units):
            network = models.build_network(description, train.images.shape[1:], 10, rng)
            list(models.fit(network, train, validation, settings, epochs=epochs, rng=rng, evaluate_at=rungs))

    return run


def evaluations(description: models.NetworkDescription, examples: models.Examples) -> Side:
    """Return a side whose unit is an evaluation of all `examples`."""
    network = models.build_network(description, examples.images.shape[1:], 10, np.random.default_rng(0))

    def run(units: int) -> None:
        for _ in range(units):
            network.evaluate(examples)

    return run
