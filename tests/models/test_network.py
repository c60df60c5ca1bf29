"""Whole networks: gradients, parameter counts, evaluation, and what they refuse."""

import numpy as np
import pytest

import hpo.models.network
from hpo.models import ConvNet, ConvNetDescription, Examples, MultiLayerNet, MultiLayerNetDescription, build_network
from hpo.models.layers import Affine, BatchNorm, Conv2d, Dropout, Flatten, MaxPool2d, ReLU, cross_entropy
from tests.support.images import numerical_gradient, patterns

SMALL_NETWORKS = [
    pytest.param(MultiLayerNetDescription(hidden=(7, 5)), (4, 3), id="mlp"),
    pytest.param(
        MultiLayerNetDescription(hidden=(7, 5), activation="sigmoid", initialization="xavier"), (6,), id="mlp-sigmoid"
    ),
    pytest.param(MultiLayerNetDescription(hidden=()), (2, 3, 2), id="softmax-regression"),
    pytest.param(MultiLayerNetDescription(hidden=(9, 9), dropout=0.4), (6,), id="mlp-dropout"),
    pytest.param(MultiLayerNetDescription(hidden=(7, 5), batch_norm=True), (6,), id="mlp-batch-norm"),
    pytest.param(ConvNetDescription(filters=(2,), kernel=3, hidden=(5,)), (8, 6), id="convnet"),
    pytest.param(
        ConvNetDescription(filters=(2, 3), kernel=3, padding=1, hidden=(5,), batch_norm=True, dropout=0.3),
        (2, 8, 8),
        id="convnet-batch-norm",
    ),
    pytest.param(
        ConvNetDescription(filters=(2,), kernel=3, pool="average", activation="sigmoid", hidden=(), batch_norm=True),
        (6, 6),
        id="convnet-average-batch-norm",
    ),
    pytest.param(
        ConvNetDescription(filters=(2, 3), kernel=3, padding=1, hidden=(4, 4)), (2, 8, 8), id="convnet-2-blocks"
    ),
    pytest.param(
        ConvNetDescription(filters=(2,), kernel=3, stride=2, pool="average", hidden=()), (9, 9), id="convnet-average"
    ),
    pytest.param(
        ConvNetDescription(filters=(2, 2), kernel=2, pool="none", activation="sigmoid", dropout=0.3),
        (5, 5),
        id="convnet-no-pool",
    ),
    pytest.param(
        ConvNetDescription(filters=(2,), kernel=2, pool_size=3, pool_stride=2, hidden=(4,)),
        (8, 8),
        id="convnet-overlap",
    ),
]
every_network = pytest.mark.parametrize(("description", "input_shape"), SMALL_NETWORKS)


def small_batch(input_shape, *, classes=3, count=4):
    rng = np.random.default_rng(1)
    return rng.random((count, *input_shape)), rng.integers(0, classes, count)


@every_network
def test_the_gradient_agrees_with_finite_differences(description, input_shape):
    network = build_network(description, input_shape, 3, np.random.default_rng(0), np.float64)
    images, labels = small_batch(input_shape)

    def loss() -> float:
        return network.loss_and_gradient(images, labels, np.random.default_rng(5))  # the same dropout each time

    loss()
    analytic = network.grads.copy()
    np.testing.assert_allclose(analytic, numerical_gradient(loss, network.params), rtol=1e-5, atol=1e-8)


@every_network
def test_float32_and_float64_start_at_the_same_network(description, input_shape):
    single, double = (
        build_network(description, input_shape, 3, np.random.default_rng(0), dtype)
        for dtype in (np.float32, np.float64)
    )
    images, _ = small_batch(input_shape)
    np.testing.assert_allclose(single.logits(images), double.logits(images), rtol=1e-4, atol=1e-5)
    assert single.params.dtype == single.grads.dtype == single.logits(images).dtype == np.float32


@every_network
def test_neither_training_nor_prediction_writes_into_the_images(description, input_shape):
    network = build_network(description, input_shape, 3, np.random.default_rng(0), np.float64)
    images, labels = small_batch(input_shape)
    kept = images.copy()
    images.flags.writeable = labels.flags.writeable = False
    network.loss_and_gradient(images, labels, np.random.default_rng(0))
    network.logits(images)
    np.testing.assert_array_equal(images, kept)


@every_network
def test_all_weights_come_before_all_biases(description, input_shape):
    network = build_network(description, input_shape, 3, np.random.default_rng(0))
    network.params[network.decayed] = 1
    network.params[network.decayed.stop :] = 2
    for layer in network.layers:
        for parameter in layer.parameters:
            assert (layer.params[parameter.name] == (1 if parameter.name == "weight" else 2)).all()


def test_the_books_networks_have_the_books_parameter_counts():
    rng = np.random.default_rng(0)
    assert build_network(ConvNetDescription(), (28, 28), 10, rng).params.size == 433_890
    assert build_network(ConvNetDescription(), (1, 28, 28), 10, rng).params.size == 433_890
    weights = 784 * 100 + 5 * 100 * 100 + 100 * 10
    mlp = build_network(MultiLayerNetDescription(), (28, 28), 10, rng)
    assert mlp.params.size == weights + 6 * 100 + 10
    assert mlp.decayed == slice(0, weights)


def test_each_description_builds_its_network():
    rng = np.random.default_rng(0)
    assert isinstance(build_network(MultiLayerNetDescription(hidden=(3,)), (4,), 2, rng), MultiLayerNet)
    assert isinstance(build_network(ConvNetDescription(), (8, 8), 2, rng), ConvNet)


def test_biases_start_at_zero_and_the_seed_decides_the_weights():
    first, second, other = (
        build_network(MultiLayerNetDescription(), (9,), 3, np.random.default_rng(s)) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.params, second.params)
    assert (first.params != other.params).any()
    assert (first.params[first.decayed.stop :] == 0).all()


def test_the_activation_after_a_max_pool_gives_the_numbers_of_the_activation_before_it():
    network = build_network(
        ConvNetDescription(filters=(3,), kernel=3, hidden=(5,)), (8, 8), 3, np.random.default_rng(0), np.float64
    )
    convolution, pool, relu, *rest = network.layers
    assert (type(convolution), type(pool), type(relu)) == (Conv2d, MaxPool2d, ReLU)
    images, labels = small_batch((8, 8))
    logits = network.logits(images)
    network.loss_and_gradient(images, labels, np.random.default_rng(0))
    gradient = network.grads.copy()
    network.layers = (convolution, relu, pool, *rest)
    np.testing.assert_array_equal(network.logits(images), logits)
    network.loss_and_gradient(images, labels, np.random.default_rng(0))
    np.testing.assert_array_equal(network.grads, gradient)


def test_batch_norm_comes_after_every_convolution_and_hidden_layer_in_place_of_their_bias():
    description = ConvNetDescription(filters=(2,), kernel=3, hidden=(5,), dropout=0.5, batch_norm=True)
    network = build_network(description, (8, 8), 3, np.random.default_rng(0))
    kinds = [type(layer) for layer in network.layers]
    assert kinds == [Conv2d, BatchNorm, MaxPool2d, ReLU, Flatten, Affine, BatchNorm, ReLU, Dropout, Affine]
    assert [layer.bias for layer in network.layers if isinstance(layer, Conv2d | Affine)] == [False, False, True]
    assert network.decayed == slice(0, 2 * 9 + 2 * 9 * 5 + 5 * 3)
    assert network.params.size - network.decayed.stop == 2 * (2 + 5) + 3
    assert network.statistics.size == 2 * (2 + 5)
    gammas = [layer.params["gamma"] for layer in network.layers if isinstance(layer, BatchNorm)]
    assert all((gamma == 1).all() for gamma in gammas)


def test_a_snapshot_holds_everything_that_training_changes():
    description = MultiLayerNetDescription(hidden=(5,), batch_norm=True)
    network = build_network(description, (8, 8), 10, np.random.default_rng(0))
    examples = patterns(30, 0)
    snapshot, before = network.snapshot(), network.logits(examples.images)
    network.loss_and_gradient(examples.images, examples.labels, np.random.default_rng(0))
    network.params -= 0.1 * network.grads
    assert (network.logits(examples.images) != before).any()
    network.restore(snapshot)
    np.testing.assert_array_equal(network.logits(examples.images), before)


def test_a_snapshot_of_another_network_is_refused():
    small, large = (
        build_network(MultiLayerNetDescription(hidden=(h,)), (4,), 2, np.random.default_rng(0)) for h in (2, 3)
    )
    with pytest.raises(ValueError, match=r"holds float32 parameters of shape \(16,\), this network needs .* \(23,\)"):
        large.restore(small.snapshot())


def test_dropout_follows_hidden_layers_and_is_silent_at_prediction():
    description = ConvNetDescription(filters=(2,), kernel=3, hidden=(30, 20), dropout=0.5)
    network = build_network(description, (8, 8), 3, np.random.default_rng(0))
    kinds = [type(layer) for layer in network.layers]
    assert kinds[-7:] == [Affine, ReLU, Dropout, Affine, ReLU, Dropout, Affine]
    assert kinds.count(Dropout) == 2
    images, labels = small_batch((8, 8))
    np.testing.assert_array_equal(network.logits(images), network.logits(images))
    losses = {network.loss_and_gradient(images, labels, np.random.default_rng(seed)) for seed in range(5)}
    assert len(losses) == 5


def test_uint8_images_are_scaled_to_the_unit_interval_and_floats_taken_as_they_are():
    network = build_network(MultiLayerNetDescription(hidden=(5,)), (8, 8), 10, np.random.default_rng(0), np.float64)
    images = patterns(6, 0).images
    np.testing.assert_allclose(network.logits(images), network.logits(images / 255))
    assert not np.allclose(network.logits(images), network.logits(images.astype(float)))


def test_accuracy_counts_every_image_the_last_partial_chunk_included(monkeypatch):
    monkeypatch.setattr(hpo.models.network, "VECTOR_CHUNK", 100)
    network = build_network(MultiLayerNetDescription(hidden=()), (3,), 3, np.random.default_rng(0))
    network.params[...] = 0
    network.params[: 3 * 3] = np.eye(3).ravel()  # the answer is the largest of three inputs: a perfect network
    labels = np.arange(150) % 3
    examples = Examples(np.eye(3)[labels], labels)
    evaluation = network.evaluate(examples)
    assert evaluation.accuracy == 1.0
    assert evaluation.hits.shape == (150,)
    assert evaluation.hits.all()
    wrong_at_the_end = Examples(examples.images, np.where(np.arange(150) >= 147, (labels + 1) % 3, labels))
    assert network.evaluate(wrong_at_the_end).accuracy == 147 / 150
    assert list(np.flatnonzero(~network.evaluate(wrong_at_the_end).hits)) == [147, 148, 149]


def test_the_evaluations_loss_is_the_mean_over_all_images_not_over_chunks(monkeypatch):
    network = build_network(
        ConvNetDescription(filters=(2,), kernel=3), (8, 8), 10, np.random.default_rng(0), np.float64
    )
    examples = patterns(25, 3)
    expected = cross_entropy(network.logits(examples.images), examples.labels).mean()
    monkeypatch.setattr(hpo.models.network, "PREDICTION_CHUNK", 10)
    assert network.evaluate(examples).loss == pytest.approx(expected, rel=1e-12)


def test_the_loss_leaves_weight_decay_out():
    network = build_network(MultiLayerNetDescription(hidden=(5,)), (8, 8), 10, np.random.default_rng(0), np.float64)
    examples = patterns(20, 3)
    loss = network.loss_and_gradient(examples.images, examples.labels, np.random.default_rng(0))
    assert loss == pytest.approx(network.evaluate(examples).loss, rel=1e-12)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
def test_labels_outside_the_classes_are_refused(labels):
    network = build_network(MultiLayerNetDescription(hidden=()), (3,), 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.2 for 3 classes"):
        network.loss_and_gradient(np.zeros((2, 3)), np.array(labels), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.2 for 3 classes"):
        network.evaluate(Examples(np.zeros((2, 3)), np.array(labels)))


def test_images_of_another_shape_are_refused():
    network = build_network(MultiLayerNetDescription(hidden=()), (8, 8), 10, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"images of shape \(8, 8\), got \(64,\)"):
        network.logits(np.zeros((2, 64)))


def test_nothing_to_evaluate_is_refused():
    network = build_network(MultiLayerNetDescription(hidden=()), (3,), 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="nothing to evaluate"):
        network.evaluate(Examples(np.zeros((0, 3)), np.zeros(0, int)))


@pytest.mark.parametrize(
    ("description", "input_shape", "classes", "message"),
    [
        (ConvNetDescription(), (784,), 10, r"a ConvNet needs images of shape \(H, W\) or \(C, H, W\).*\(784,\)"),
        (ConvNetDescription(), (4, 4), 10, r"block 1 of the ConvNet: a window of 5 does not fit into 4 pixels"),
        (
            ConvNetDescription(filters=(4, 4)),
            (12, 12),
            10,
            r"block 2 of the ConvNet: a window of 5 does not fit into 4",
        ),
        (MultiLayerNetDescription(), (1, 2, 3, 4), 10, "input_shape is that of one image"),
        (MultiLayerNetDescription(), (0, 4), 10, r"input_shape\[0\] must be a whole number of at least 1, got 0"),
        (MultiLayerNetDescription(), (4,), 1, "classes must be a whole number of at least 2, got 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(description, input_shape, classes, message):
    with pytest.raises(ValueError, match=message):
        build_network(description, input_shape, classes, np.random.default_rng(0))


def test_a_network_computes_in_float32_or_float64_only():
    with pytest.raises(ValueError, match="float32 or float64, got float16"):
        build_network(MultiLayerNetDescription(), (4,), 2, np.random.default_rng(0), np.float16)


def test_a_network_that_rests_holds_no_batch():
    network = build_network(ConvNetDescription(filters=(2,), kernel=3), (8, 8), 10, np.random.default_rng(0))
    examples = patterns(50, 0)
    network.loss_and_gradient(examples.images, examples.labels, np.random.default_rng(0))
    for layer in network.layers:
        memories = [value for value in vars(layer).values() if isinstance(value, hpo.models.layers.base.Memory)]
        for memory in memories:
            with pytest.raises(RuntimeError, match="needs a forward"):
                memory.take()


@pytest.mark.parametrize(
    ("description", "input_shape", "message"),
    [
        (
            ConvNetDescription(filters=(4, 4), kernel=3),
            (28, 28),
            r"block 2 of the ConvNet: pool windows of 2, 2 apart, do not divide 11 pixels: \(11 - 2\)/2 \+ 1 = 5.5 is",
        ),
        (
            ConvNetDescription(filters=(4,), kernel=9),
            (8, 8),
            r"block 1 of the ConvNet: a window of 9 does not fit into 8 .*: \(8 \+ 2\*0 - 9\)/1 \+ 1 is under 1",
        ),
        (
            ConvNetDescription(filters=(4,), kernel=8),
            (8, 8),
            "block 1 of the ConvNet: a window of 2 does not fit into 1",
        ),
    ],
)
def test_a_convnet_that_does_not_fit_is_refused_with_its_block_and_its_numbers(description, input_shape, message):
    with pytest.raises(ValueError, match=message):
        build_network(description, input_shape, 3, np.random.default_rng(0))


def test_the_books_deep_convnet_has_the_books_parameters_and_layers():
    description = ConvNetDescription(
        filters=(16, 32, 64), convolutions=2, kernel=3, padding=(1, 1, 1, 2, 1, 1), hidden=(50,), output_dropout=0.5
    )
    network = build_network(description, (28, 28), 10, np.random.default_rng(0))
    assert network.params.size == 123_552
    block = [Conv2d, ReLU, Conv2d, MaxPool2d, ReLU]
    assert [type(layer) for layer in network.layers] == [*3 * block, Flatten, Affine, ReLU, Affine, Dropout]
    assert [layer.padding for layer in network.layers if isinstance(layer, Conv2d)] == [1, 1, 1, 2, 1, 1]
    assert [layer.filters for layer in network.layers if isinstance(layer, Conv2d)] == [16, 16, 32, 32, 64, 64]
