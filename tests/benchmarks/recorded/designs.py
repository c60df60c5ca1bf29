"""What the recorded tables hold: which configs of which network were trained on how many images, how often."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from hpo import models
from hpo.definition.settings import DataSettings, RoundSettings
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.searching.space import Config, Interval, Numeric, SearchSpace

VALIDATION, CONFIRMATION, TEST = 500, 2_000, 10_000


@dataclass(frozen=True)
class Size:
    """So many training images for so many epochs, with up to `seeds` runs of a config."""

    samples: int
    epochs: int
    seeds: int


@dataclass(frozen=True)
class Design:
    """A table to record: `definition` says network, training and space, `sizes` the subsets, `full` all of the data.

    Where it matters, `seeds` runs are made, elsewhere one: on the smallest subset everywhere, on larger ones for the
    better half of the configs, on all of the data for the better third.
    """

    name: str
    definition: StudyDefinition
    configs: tuple[Config, ...]
    grid: tuple[int, ...]
    """The shape of a grid, () for a space-filling design."""
    sizes: tuple[Size, ...]
    full: Size

    @property
    def all_sizes(self) -> tuple[Size, ...]:
        """The subsets, then all of the data."""
        return (*self.sizes, self.full)


BOOK_MLP = models.MultiLayerNetDescription()
SMALL_MLP = models.MultiLayerNetDescription(hidden=(100, 100, 100))
SMALL_CONVNET = models.ConvNetDescription(filters=(8,), kernel=5, pool="max", hidden=(32,))

MLP_SIZES = (Size(400, 50, 6), Size(1_600, 15, 3), Size(6_400, 5, 3))
CONVNET_SIZES = (Size(400, 40, 4), Size(1_600, 12, 3), Size(6_400, 4, 3))
MLP_FULL, CONVNET_FULL = Size(50_000, 5, 3), Size(50_000, 3, 3)


def _log(low: float, high: float) -> Numeric:
    return Numeric(Interval(low, high), Interval(low, high), log=True)


def _linear(low: float, high: float) -> Numeric:
    return Numeric(Interval(low, high), Interval(low, high))


RATES = {"sgd": _log(10**-3.5, 10**0.5), "momentum": _log(1e-4, 1.0), "adam": _log(1e-5, 0.1), "adamw": _log(1e-5, 0.1)}
DECAYS = {
    "sgd": _log(10**-4.5, 1.0),
    "momentum": _log(10**-4.5, 1.0),
    "adam": _log(1e-6, 0.1),
    "adamw": _log(1e-3, 30.0),
}
DROPOUT = _linear(0.0, 0.6)
BATCH = Numeric(Interval(32, 400), Interval(32, 400), log=True, integer=True)


@dataclass(frozen=True)
class _Subject:
    """What a table is about, before its configs are chosen."""

    name: str
    dataset: str
    network: models.NetworkDescription
    optimizer: str


def _grid(subject: _Subject) -> Design:
    """Return a table over learning rate x weight decay, 12 x 8 values evenly spaced on their log axes."""
    space = _rates(subject)
    shape = (12, 8)
    axes = [np.linspace(*h.axis(h.limits), n) for h, n in zip(space.values(), shape, strict=True)]
    configs = [
        {key: h.from_axis(float(p)) for (key, h), p in zip(space.items(), point, strict=True)}
        for point in itertools.product(*axes)
    ]
    return _design(subject, space, configs, shape)


def _filling(subject: _Subject) -> Design:
    """Return a table over four hyperparameters, 96 points of a scrambled Sobol sequence."""
    space = {**_rates(subject), "dropout": DROPOUT, "batch_size": BATCH}
    points = qmc.Sobol(len(space), seed=0).random(128)[:96]  # the sequence is drawn in powers of two
    configs = [
        {key: h.at(h.limits, float(p)) for (key, h), p in zip(space.items(), point, strict=True)} for point in points
    ]
    return _design(subject, space, configs, ())


def _rates(subject: _Subject) -> dict[str, Numeric]:
    return {"learning_rate": RATES[subject.optimizer], "weight_decay": DECAYS[subject.optimizer]}


def _design(subject: _Subject, space: dict[str, Numeric], configs: Sequence[Config], grid: tuple[int, ...]) -> Design:
    mlp = isinstance(subject.network, models.MultiLayerNetDescription)
    sizes, full = (MLP_SIZES, MLP_FULL) if mlp else (CONVNET_SIZES, CONVNET_FULL)
    definition = StudyDefinition(
        name=subject.name,
        title=subject.name,
        data=DataSettings(subject.dataset, validation=VALIDATION, confirmation=CONFIRMATION),
        trainer=NetworkTrainer(
            network=subject.network,
            training=models.TrainingSettings(optimizer=subject.optimizer, batch_size=100),
        ),
        space=SearchSpace(space),
        rounds=(RoundSettings(trials=1, samples=sizes[0].samples, epochs=sizes[0].epochs),),
    )
    return Design(subject.name, definition, tuple(configs), grid, sizes, full)


DESIGNS = {
    each.name: each
    for each in (
        _grid(_Subject("fashion_mlp", "fashion_mnist", BOOK_MLP, "sgd")),
        _grid(_Subject("mnist_mlp", "mnist", BOOK_MLP, "sgd")),
        _filling(_Subject("fashion_mlp_4", "fashion_mnist", SMALL_MLP, "adam")),
        _grid(_Subject("mnist_convnet", "mnist", SMALL_CONVNET, "momentum")),
        _grid(_Subject("fashion_convnet", "fashion_mnist", SMALL_CONVNET, "adam")),
        _filling(_Subject("mnist_mlp_4", "mnist", SMALL_MLP, "momentum")),
        _filling(_Subject("mnist_convnet_4", "mnist", SMALL_CONVNET, "adamw")),
        _filling(_Subject("fashion_convnet_4", "fashion_mnist", SMALL_CONVNET, "sgd")),
    )
}
