"""Batch normalisation: the batch's statistics in training, the running ones in prediction, and batches of one."""

import numpy as np
import pytest

from hpo.models import ConvNetDescription, MultiLayerNetDescription, TrainingSettings, build_network, fit
from hpo.models.layers import BatchNorm
from tests.support.images import patterns

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(3, 2, (6, 4))
MAPS = RNG.normal(-1, 5, (3, 4, 2, 5))
both_shapes = pytest.mark.parametrize("x", [VECTORS, MAPS], ids=["vectors", "maps"])


def layer(features=4, dtype=np.float64) -> BatchNorm:
    """Return a layer with gamma 1.5, beta -0.5 and fresh statistics."""
    made = BatchNorm(features)
    made.attach(
        {"gamma": np.full(features, 1.5, dtype), "beta": np.full(features, -0.5, dtype)},
        {"gamma": np.zeros(features, dtype), "beta": np.zeros(features, dtype)},
        {statistic.name: np.full(statistic.shape, statistic.start, dtype) for statistic in made.statistics},
    )
    return made


def feature(x, number):
    """Return all values of one feature: a column of vectors, or one channel of maps."""
    return x[:, number].ravel()


@both_shapes
def test_training_normalises_each_feature_over_the_batch(x):
    out = layer().forward(x, train=True)
    for number in range(4):
        values = feature(x, number)
        expected = 1.5 * (values - values.mean()) / np.sqrt(values.var() + 1e-5) - 0.5
        np.testing.assert_allclose(feature(out, number), expected, rtol=1e-12)


@both_shapes
def test_running_statistics_move_a_tenth_of_the_way_to_each_batch(x):
    norm = layer()
    mean, variance = np.zeros(4), np.ones(4)
    for batch in (x, 2 * x + 1, x - 3):
        norm.forward(batch, train=True)
        mean = 0.9 * mean + 0.1 * np.array([feature(batch, number).mean() for number in range(4)])
        variance = 0.9 * variance + 0.1 * np.array([feature(batch, number).var(ddof=1) for number in range(4)])
        np.testing.assert_allclose(norm.running["mean"], mean, rtol=1e-12)
        np.testing.assert_allclose(norm.running["variance"], variance, rtol=1e-12)


@both_shapes
def test_prediction_takes_the_running_statistics_and_leaves_them(x):
    norm = layer()
    norm.forward(x, train=True)
    kept = {name: statistic.copy() for name, statistic in norm.running.items()}
    out = norm.forward(x, train=False)
    for number in range(4):
        mean, variance = kept["mean"][number], kept["variance"][number]
        expected = 1.5 * (feature(x, number) - mean) / np.sqrt(variance + 1e-5) - 0.5
        np.testing.assert_allclose(feature(out, number), expected, rtol=1e-12)
    for name, statistic in norm.running.items():
        np.testing.assert_array_equal(statistic, kept[name])


@both_shapes
def test_after_many_batches_prediction_is_near_training(x):
    norm = layer()
    for _ in range(200):
        out = norm.forward(x, train=True)
    count = x.size // 4
    expected = (out + 0.5) * np.sqrt((count - 1) / count) - 0.5  # prediction's variance is the unbiased one
    np.testing.assert_allclose(norm.forward(x, train=False), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("description", "input_shape"),
    [
        (MultiLayerNetDescription(hidden=(9, 7), batch_norm=True), (8, 8)),
        (ConvNetDescription(filters=(3,), kernel=3, hidden=(6,), batch_norm=True), (8, 8)),
    ],
)
def test_a_prediction_does_not_depend_on_the_images_beside_it(description, input_shape):
    network = build_network(description, input_shape, 10, np.random.default_rng(0), np.float64)
    examples = patterns(30, 0)
    network.loss_and_gradient(examples.images, examples.labels, np.random.default_rng(0))
    together = network.logits(examples.images)
    for i in range(5):
        np.testing.assert_allclose(network.logits(examples.images[i : i + 1])[0], together[i], rtol=1e-10)


def test_one_vector_is_normalised_by_the_running_statistics_and_leaves_them():
    norm = layer()
    norm.forward(VECTORS, train=True)
    kept = {name: statistic.copy() for name, statistic in norm.running.items()}
    one = VECTORS[:1]
    np.testing.assert_array_equal(norm.forward(one, train=True), norm.forward(one, train=False))
    for name, statistic in norm.running.items():
        np.testing.assert_array_equal(statistic, kept[name])
    grad_in = norm.backward(np.ones((1, 4)))
    np.testing.assert_allclose(grad_in[0], 1.5 / np.sqrt(kept["variance"] + 1e-5), rtol=1e-12)


def test_one_image_of_maps_has_a_variance_of_its_own():
    norm = layer()
    out = norm.forward(MAPS[:1], train=True)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), np.full(4, -0.5), rtol=1e-12)
    assert (norm.running["mean"] != 0).all()


@pytest.mark.parametrize("batch_size", [1, 10])
def test_training_with_a_last_batch_of_one_image_stays_finite(batch_size):
    train = patterns(31, 1)
    description = MultiLayerNetDescription(hidden=(20,), batch_norm=True)
    network = build_network(description, (8, 8), 10, np.random.default_rng(0))
    settings = TrainingSettings(learning_rate=0.05, batch_size=batch_size)
    *_, last = fit(network, train, train, settings, epochs=30, rng=np.random.default_rng(0))
    assert last.diverged is None
    assert last.train_accuracy > 0.9
    assert np.isfinite(network.params).all()
    assert np.isfinite(network.statistics).all()


def test_a_feature_that_never_changes_becomes_beta():
    norm = layer(dtype=np.float32)
    out = norm.forward(np.full((5, 4), 7, np.float32), train=True)
    np.testing.assert_array_equal(out, np.full((5, 4), -0.5, np.float32))
    assert np.isfinite(norm.backward(np.ones((5, 4), np.float32))).all()


def test_weight_decay_leaves_gamma_and_beta_alone():
    description = MultiLayerNetDescription(hidden=(6,), batch_norm=True)
    network = build_network(description, (8, 8), 10, np.random.default_rng(0), np.float64)
    reference = build_network(description, (8, 8), 10, np.random.default_rng(0), np.float64)
    train = patterns(20, 1)
    reference.loss_and_gradient(train.images, train.labels, np.random.default_rng(0))
    settings = TrainingSettings(learning_rate=0.1, weight_decay=0.5, batch_size=20)
    list(fit(network, train, train, settings, epochs=1, rng=np.random.default_rng(0)))
    norm, undecayed = network.layers[1], reference.layers[1]
    for name in ("gamma", "beta"):
        expected = undecayed.params[name] - 0.1 * undecayed.grads[name]
        np.testing.assert_allclose(norm.params[name], expected, rtol=1e-9, atol=1e-12)


def test_scaling_the_weights_before_it_changes_nothing():
    """The point of the method: the loss does not see how large the weights are (section 3.3)."""
    network = build_network(
        MultiLayerNetDescription(hidden=(9, 9), batch_norm=True), (8, 8), 10, np.random.default_rng(0), np.float64
    )
    examples = patterns(30, 0)
    loss = network.loss_and_gradient(examples.images, examples.labels, np.random.default_rng(0))
    network.layers[0].params["weight"][...] *= 100
    scaled = network.loss_and_gradient(examples.images, examples.labels, np.random.default_rng(0))
    assert scaled == pytest.approx(loss, rel=1e-3)  # epsilon is all that tells them apart


@pytest.mark.parametrize("shape", [(5,), (5, 2, 2), (4, 2)])
def test_inputs_of_other_features_are_refused(shape):
    with pytest.raises(ValueError, match=r"of 4 features takes \(4,\) or \(4, H, W\), got"):
        BatchNorm(4).output_shape(shape)
