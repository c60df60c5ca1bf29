from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo import models
from hpo.definition.trainers.networks import networks_of
from hpo.models.checkpoint import network_bytes
from hpo.record.kept_networks import kept_network
from hpo.record.results import StudyResults
from hpo.storage.database import Database
from hpo.storage.records import save_network_bytes
from hpo.training.images import Fold
from hpo.training.networks import NetworkTraining
from hpo.training.protocol import Assignment
from tests.support import comparison_results, results


def shown_run(of: StudyResults) -> tuple[int, int, dict[str, object]]:
    """Return id, seed and config of run 0 of the winner."""
    if of.compared:
        best = max(of.compared, key=lambda each: each.validation.mean)
        return best.runs[0].id, best.runs[0].seed, dict(best.config)
    run = of.full[0].runs[0]
    return run.id, run.seed, {**run.config, **run.overrides}


@pytest.mark.parametrize("of", [results.study(), comparison_results.comparison()], ids=["search", "comparison"])
def test_a_kept_network_comes_with_the_one_that_its_training_began_with(of: StudyResults, tmp_path: Path):
    of = replace(of, data={**of.data, "image_shape": [1, 8, 8], "classes": 10})
    trial, seed, config = shown_run(of)
    network, training = networks_of(of.definition).settings(config)
    images = models.Examples(np.random.default_rng(0).random((40, 1, 8, 8)), np.arange(40) % 10)
    task = Assignment("full", run=0, seed=seed, samples=40, epochs=1, cuts=(), evaluations=1)
    folds = [Fold(images, images)]
    run = NetworkTraining(network, training, folds, task, classes=10, open_test=lambda: None)
    first = run.networks[0].params.copy()
    run.advance(100)
    with Database(f"sqlite:///{tmp_path / 'study.db'}") as database:
        assert kept_network(database, of) is None
        content = network_bytes(run.networks[0])
        database.write(lambda connection: save_network_bytes(connection, trial, content))
        kept = kept_network(database, of)
    assert kept is not None
    np.testing.assert_array_equal(kept.before.params, first)
    np.testing.assert_array_equal(kept.after.params, run.networks[0].params)
    assert not np.array_equal(kept.after.params, first)
