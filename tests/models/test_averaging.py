"""Averaged weights: that they are the plain mean of the last steps, and that training itself never sees them."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.models import (
    ConvNetDescription,
    MultiLayerNetDescription,
    TrainingSettings,
    build_network,
    fit,
    make_optimizer,
    network_bytes,
    network_from_bytes,
)
from hpo.models.averaging import ParameterAverage
from hpo.models.optimizers import CHUNK
from hpo.models.trainer import batches
from tests.support.images import patterns

TRAIN, VALIDATION = patterns(95, 1), patterns(40, 2)
MLP = MultiLayerNetDescription(hidden=(20,), dropout=0.2)
STEPS = 15  # three epochs of 95 images in batches of 20


def start(averaging, *, description=MLP, dtype=np.float32, optimizer="momentum", evaluate_at=None, **changes):
    """Return a fresh network and the results of its training, none of which has been asked for yet."""
    network = build_network(description, (8, 8), 10, np.random.default_rng(0), dtype)
    wanted = TrainingSettings(
        learning_rate=0.05, weight_decay=1e-3, batch_size=20, optimizer=optimizer, averaging=averaging, **changes
    )
    rng = np.random.default_rng(5)
    return network, fit(network, TRAIN, VALIDATION, wanted, epochs=3, rng=rng, evaluate_at=evaluate_at)


def params_at_every_step(averaging, **options):
    """Return what the network holds after each step, (STEPS, P)."""
    network, results = start(averaging, evaluate_at=range(1, STEPS + 1), **options)
    return np.array([network.params.copy() for _ in results])


def key(result):
    """All numbers of a result but the time it took."""
    return result.step, result.train_loss, result.validation_loss, result.validation_hits.tobytes()


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize(("averaging", "averaged"), [(1e-6, 1), (0.1, 2), (0.2, 3), (0.5, 8), (1.0, STEPS), (1, STEPS)])
def test_the_network_ends_with_the_plain_mean_of_its_last_steps(averaging, averaged, optimizer):
    raw = params_at_every_step(0.0, optimizer=optimizer, dtype=np.float64)
    network, results = start(averaging, optimizer=optimizer, dtype=np.float64)
    list(results)
    np.testing.assert_allclose(network.params, raw[-averaged:].mean(axis=0), rtol=1e-10, atol=1e-14)


def test_results_are_those_of_the_mean_so_far_and_before_it_begins_those_of_the_training():
    raw = params_at_every_step(0.0, dtype=np.float64)
    shown = params_at_every_step(0.4, dtype=np.float64)
    np.testing.assert_array_equal(shown[:9], raw[:9])
    for step in range(9, STEPS):
        np.testing.assert_allclose(shown[step], raw[9 : step + 1].mean(axis=0), rtol=1e-10, atol=1e-14)


def test_the_network_holds_what_each_result_was_measured_on():
    network, results = start(0.4, evaluate_at=range(1, STEPS + 1))
    for result in results:
        evaluation = network.evaluate(VALIDATION)
        assert (evaluation.loss, evaluation.accuracy) == (result.validation_loss, result.validation_accuracy)


@pytest.mark.parametrize("averaging", [0.2, 1.0])
@pytest.mark.parametrize(
    "description", [MLP, ConvNetDescription(filters=(3,), kernel=3, hidden=(10,), dropout=0.2)], ids=["mlp", "conv"]
)
def test_looking_and_waiting_change_neither_the_mean_nor_the_training(averaging, description):
    options = {"description": description, "shift": 1, "rotation": 5.0, "schedule": "cosine"}
    seldom, results = start(averaging, evaluate_at=[], **options)
    (last,) = results
    often, results = start(averaging, evaluate_at=range(1, STEPS + 1), **options)
    _, other = start(averaging, **options)
    measured = []
    for result in results:
        measured.append(key(result))
        next(other, None)  # another network trains in the pause
    assert measured[-1] == key(last)
    np.testing.assert_array_equal(often.params, seldom.params)


def test_without_averaging_the_network_ends_with_its_last_step_bit_for_bit():
    fitted, results = start(0.0)
    list(results)
    network, rng = start(0.0)[0], np.random.default_rng(5)
    optimizer = make_optimizer("momentum", network.params.size, learning_rate=0.05)
    drawn = batches(95, 20, rng)
    weights = network.decayed
    for _ in range(STEPS):
        batch = TRAIN.take(next(drawn))
        network.loss_and_gradient(batch.images, batch.labels, rng)
        optimizer.decay_weights(network.params[weights], network.grads[weights], 1e-3)
        optimizer.step(network.params, network.grads)
    np.testing.assert_array_equal(fitted.params, network.params)
    averaged, results = start(0.4)
    list(results)
    assert not np.array_equal(averaged.params, network.params)


def test_a_kept_network_has_the_averaged_weights():
    network, results = start(0.4)
    *_, last = results
    assert network_from_bytes(network_bytes(network)).evaluate(VALIDATION).loss == last.validation_loss


@pytest.mark.parametrize("learning_rate", [1e10, 1e30])
def test_divergence_is_noticed_at_the_same_step_and_in_the_same_words(learning_rate):
    def last(averaging):
        network = build_network(MLP, (8, 8), 10, np.random.default_rng(0))
        wanted = TrainingSettings(learning_rate, batch_size=20, averaging=averaging)
        rng = np.random.default_rng(5)
        return list(fit(network, TRAIN, VALIDATION, wanted, epochs=3, rng=rng, evaluate_at=[7]))[-1]

    assert last(0.0).diverged is not None
    assert (last(1.0).step, last(1.0).diverged) == (last(0.0).step, last(0.0).diverged)


def test_patience_waits_for_the_mean_and_restores_it():
    train, validation = patterns(20, 1, noise=300), patterns(60, 2, noise=300)  # noisy: soon learnt by heart

    def trained(averaging, patience):
        network = build_network(MultiLayerNetDescription(hidden=(40,)), (8, 8), 10, np.random.default_rng(0))
        wanted = TrainingSettings(0.02, batch_size=20, optimizer="adam", patience=patience, averaging=averaging)
        rng = np.random.default_rng(3)
        results, kept = [], []
        for result in fit(network, train, validation, wanted, epochs=20, rng=rng):
            results.append(result)
            kept.append(network.params.copy())
        return network, results, kept

    network, results, kept = trained(1.0, 3)
    unstopped = trained(1.0, 0)[1]
    last, best = results[-1], min(results[:-1], key=lambda r: r.validation_loss)
    assert last.stopped_early
    assert [r.validation_loss for r in results[:-1]] == [r.validation_loss for r in unstopped[: len(results) - 1]]
    np.testing.assert_array_equal(network.params, kept[results.index(best)])
    assert network.evaluate(validation).loss == best.validation_loss == last.validation_loss
    assert len(trained(0.1, 3)[1]) == len(trained(0.0, 3)[1]) < 15  # it stops before there is a mean


@pytest.mark.parametrize("description", [MultiLayerNetDescription, ConvNetDescription])
def test_averaging_with_batch_normalisation_is_refused_with_the_way_out(description):
    words = r"averaging = 0\.2 does not go with batch_norm = true.*; set averaging = 0 or batch_norm = false"
    with pytest.raises(ValueError, match=words):
        start(0.2, description=description(hidden=(5,), batch_norm=True))
    start(0.0, description=description(hidden=(5,), batch_norm=True))


@given(length=st.sampled_from([1, 7, CHUNK, 2 * CHUNK + 5]), count=st.integers(1, 5), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_the_mean_takes_the_place_of_the_parameters_and_gives_it_back(length, count, seed):
    vectors = np.random.default_rng(seed).normal(size=(count, length))
    average, params = ParameterAverage(), np.empty(length)
    for vector in vectors:
        params[...] = vector
        average.include(params)
    for _ in range(2):
        average.show(params)
        average.show(params)  # it is there already
        np.testing.assert_allclose(params, vectors.mean(axis=0), rtol=1e-10, atol=1e-14)
        average.hide(params)
        average.hide(params)
        np.testing.assert_array_equal(params, vectors[-1])


def test_before_the_first_step_counts_there_is_nothing_to_show():
    average, params = ParameterAverage(), np.arange(3.0)
    average.show(params)
    average.hide(params)
    np.testing.assert_array_equal(params, [0, 1, 2])


def test_equal_parameters_are_their_own_mean_to_the_last_bit():
    params = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    before, average = params.copy(), ParameterAverage()
    for _ in range(1000):
        average.include(params)
    average.show(params)
    np.testing.assert_array_equal(params, before)


def test_a_step_allocates_nothing_after_the_first():
    average, params = ParameterAverage(), np.zeros(3 * CHUNK, np.float32)
    average.include(params)
    tracemalloc.start()
    try:
        average.include(params)
        average.show(params)
        average.hide(params)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000  # views; a chunk has 131,072 bytes
