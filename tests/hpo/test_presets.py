"""Every study that comes along trains: its first configs, on a few images of the size it is meant for."""

from __future__ import annotations

import numpy as np
import pytest

import models
from hpo.proposing import propose
from hpo.studies import load_definition, presets
from hpo.study_data import Fold
from hpo.training_runs import TrainingRun


@pytest.fixture(scope="module")
def fold() -> Fold:
    rng = np.random.default_rng(3)
    images, labels = rng.integers(0, 256, (60, 28, 28), dtype=np.uint8), np.arange(60) % 10
    examples = models.Examples(images, labels)
    return Fold(examples.take(np.arange(40)), examples.take(np.arange(40, 60)))


@pytest.mark.parametrize("name", presets())
def test_a_preset_proposes_configs_that_train_to_every_rung(name: str, fold: Fold) -> None:
    definition = load_definition(name)
    start = definition.space.start()
    for config in propose(definition.space, start, [], n=2, seed=0, sampler=definition.search.sampler):
        network, training = definition.settings(config)
        rungs = definition.search.percents
        run = TrainingRun(network, training, [fold, fold], classes=10, epochs=4, evaluations=8, rungs=rungs, seed=1)
        results = [run.advance(rung) for rung in rungs]
        assert all(0 <= result.score <= 1 for result in results)
        assert results[-1].curve.hits.shape == (2, 20)
        assert results[-1].curve.points[-1].epoch == 4
