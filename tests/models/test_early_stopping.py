"""Early stopping: when training ends, and what the network is left with."""

import numpy as np
import pytest

from hpo.models import MultiLayerNetDescription, TrainingSettings, build_network, fit
from tests.support.images import patterns

TRAIN, VALIDATION = patterns(60, 1, noise=150), patterns(60, 2, noise=150)  # noisy: soon learnt by heart


def run(patience, *, epochs=60, batch_norm=False):
    description = MultiLayerNetDescription(hidden=(40,), batch_norm=batch_norm)
    network = build_network(description, (8, 8), 10, np.random.default_rng(0))
    settings = TrainingSettings(learning_rate=0.02, batch_size=20, optimizer="adam", patience=patience)
    return network, list(fit(network, TRAIN, VALIDATION, settings, epochs=epochs, rng=np.random.default_rng(3)))


def test_training_ends_after_so_many_results_without_a_lower_loss():
    _, to_the_end = run(0, epochs=30)
    losses = [r.validation_loss for r in to_the_end]
    waited, lowest = 0, np.inf
    for expected_end, loss in enumerate(losses):  # noqa: B007 - read after the loop
        waited = 0 if loss < lowest else waited + 1
        lowest = min(lowest, loss)
        if waited == 4:
            break
    else:
        pytest.fail("this run should overfit")
    _, stopped = run(4, epochs=30)
    assert len(stopped) == expected_end + 1
    assert [r.stopped_early for r in stopped] == [False] * expected_end + [True]
    assert [r.validation_loss for r in stopped[:-1]] == losses[:expected_end]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_best_numbers_are_restored_and_the_last_result_describes_them(batch_norm):
    network, results = run(4, batch_norm=batch_norm)
    best = min(results[:-1], key=lambda r: r.validation_loss)
    last = results[-1]
    assert last.step == results[-2].step + 3
    assert (last.validation_loss, last.validation_accuracy) == (best.validation_loss, best.validation_accuracy)
    assert (last.train_loss, last.train_accuracy) == (best.train_loss, best.train_accuracy)
    np.testing.assert_array_equal(last.validation_hits, best.validation_hits)
    evaluation = network.evaluate(VALIDATION)
    assert evaluation.loss == best.validation_loss
    np.testing.assert_array_equal(evaluation.hits, best.validation_hits)


def test_no_patience_asked_for_means_no_early_end():
    _, results = run(0, epochs=30)
    assert len(results) == 30
    assert not any(r.stopped_early for r in results)


def test_a_run_that_ends_before_its_patience_keeps_its_last_parameters():
    network, results = run(1000, epochs=20)
    assert not results[-1].stopped_early
    assert network.evaluate(VALIDATION).loss == results[-1].validation_loss
