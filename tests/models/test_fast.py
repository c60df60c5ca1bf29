"""The fused stages compute what the layers do: one table of networks, and every rule against every row."""

import numpy as np
import pytest

from hpo.models import ConvNetDescription, Examples, MultiLayerNetDescription, Network, TrainingSettings, build_network
from hpo.models.fast.affine import FusedAffine
from hpo.models.fast.conv_pool import CHUNK_BYTES, ConvPoolReLU
from hpo.models.fast.winograd_stack import WinogradStack
from hpo.models.fast.workspaces import KEPT, Scratch, Workspaces
from hpo.models.layers import Affine, Conv2d, Dropout, Flatten, MaxPool2d, ReLU
from hpo.models.trainer import Trainer

CLASSES = 5
DEEP = {"convolutions": 2, "kernel": 3, "padding": (1, 1, 1, 2)}

NETWORKS = [
    pytest.param(MultiLayerNetDescription(hidden=(7, 5)), (4, 3), id="mlp"),
    pytest.param(MultiLayerNetDescription(hidden=()), (6,), id="softmax-regression"),
    pytest.param(MultiLayerNetDescription(hidden=(7, 5), activation="sigmoid"), (6,), id="mlp-sigmoid"),
    pytest.param(MultiLayerNetDescription(hidden=(7, 5), dropout=0.4), (6,), id="mlp-dropout"),
    pytest.param(MultiLayerNetDescription(hidden=(7, 5), batch_norm=True), (6,), id="mlp-batch-norm"),
    pytest.param(ConvNetDescription(filters=(4,), hidden=(6,)), (12, 12), id="simple"),
    pytest.param(ConvNetDescription(filters=(4,), hidden=()), (8, 12), id="simple-oblong-without-hidden"),
    pytest.param(ConvNetDescription(filters=(3, 4), padding=2, hidden=(6,)), (2, 12, 8), id="two-blocks-padded"),
    pytest.param(ConvNetDescription(filters=(4,), kernel=1), (3, 6, 4), id="kernel-of-one"),
    pytest.param(ConvNetDescription(filters=(4,), kernel=2, padding=1), (5, 7), id="even-kernel"),
    pytest.param(ConvNetDescription(filters=(4,), kernel=3, stride=2), (13, 13), id="stride"),
    pytest.param(ConvNetDescription(filters=(4,), kernel=3, pool_size=3), (9, 9), id="overlapping-pool"),
    pytest.param(ConvNetDescription(filters=(4,), pool="average"), (12, 12), id="average-pool"),
    pytest.param(ConvNetDescription(filters=(4,), kernel=3, batch_norm=True), (8, 8), id="batch-norm"),
    pytest.param(ConvNetDescription(filters=(3, 4), **DEEP, output_dropout=0.3), (2, 8, 12), id="deep-narrow"),
    pytest.param(ConvNetDescription(filters=(8, 9), **DEEP, dropout=0.5, output_dropout=0.5), (12, 12), id="deep"),
    pytest.param(ConvNetDescription(filters=(8, 9), **DEEP, algorithm="direct"), (12, 12), id="deep-direct"),
]
every_network = pytest.mark.parametrize(("description", "input_shape"), NETWORKS)


def pair(description, input_shape, dtype=np.float64) -> tuple[Network, Network]:
    """The same network twice: as it is trained, and layer by layer."""
    return tuple(
        build_network(description, input_shape, CLASSES, np.random.default_rng(0), dtype, reference=reference)
        for reference in (False, True)
    )


def batch(input_shape, count, seed=1, *, ties=True):
    """Images of few grey levels, half of them blank, so that pools meet many ties; the last class is missing.

    Winograd's algorithm rounds otherwise than the layers do, so that what is equal there, or 0, need not be equal, or
    0, here: without `ties` the images are such that this does not happen.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES - 1, count)
    if not ties:
        return rng.random((count, *input_shape)), labels
    images = rng.integers(0, 4, (count, *input_shape)).astype(np.uint8) * 60
    images[..., : input_shape[-1] // 2] = 0
    return images, labels


def has_ties(description) -> bool:
    return not (
        isinstance(description, ConvNetDescription) and description.filters[0] >= 8 and description.algorithm == "auto"
    )


def assert_equal_step(ours, reference, images, labels, **tolerance):
    losses = [network.loss_and_gradient(images, labels, np.random.default_rng(3)) for network in (ours, reference)]
    np.testing.assert_allclose(*losses, **tolerance)
    np.testing.assert_allclose(ours.grads, reference.grads, **tolerance)


@every_network
def test_loss_and_gradient_are_those_of_the_layers_for_any_batch_size(description, input_shape):
    ours, reference = pair(description, input_shape)
    for count in (6, 1, 6, 5, 2, 3, 6):  # more sizes than are kept, and back again
        assert_equal_step(
            ours, reference, *batch(input_shape, count, seed=count, ties=has_ties(description)), rtol=1e-9, atol=1e-11
        )


@every_network
def test_predictions_are_those_of_the_layers(description, input_shape):
    ours, reference = pair(description, input_shape)
    images, _ = batch(input_shape, 130)  # more than one chunk of images
    np.testing.assert_allclose(ours.logits(images), reference.logits(images), rtol=1e-9, atol=1e-11)


@every_network
def test_in_float32_they_differ_by_rounding_alone(description, input_shape):
    ours, reference = pair(description, input_shape, np.float32)
    assert_equal_step(ours, reference, *batch(input_shape, 6, ties=has_ties(description)), rtol=1e-3, atol=2e-5)
    assert ours.logits(batch(input_shape, 2)[0]).dtype == np.float32


@every_network
def test_letting_go_of_the_buffers_changes_no_number(description, input_shape):
    def train(release):
        network, _ = pair(description, input_shape, np.float32)
        train = Trainer(network, Examples(*batch(input_shape, 10)), SETTINGS, np.random.default_rng(0), epochs=3)
        for step in range(1, train.last_step + 1):
            train.run_until(step)
            if release:
                network.release_buffers()
        return network.params

    np.testing.assert_array_equal(train(release=True), train(release=False))


SETTINGS = TrainingSettings(learning_rate=0.05, batch_size=4, optimizer="adam", weight_decay=1e-3)


@every_network
def test_training_ends_at_the_same_parameters(description, input_shape):
    ours, reference = pair(description, input_shape)
    for network in (ours, reference):
        examples = Examples(*batch(input_shape, 10, ties=has_ties(description)))
        Trainer(network, examples, SETTINGS, np.random.default_rng(0), epochs=4).run_until(12)
    np.testing.assert_allclose(ours.params, reference.params, rtol=1e-6, atol=1e-8)


def test_a_convolution_over_several_chunks_of_rows_is_the_same():
    description, shape = ConvNetDescription(filters=(30,), hidden=(5,)), (24, 24)
    ours, reference = pair(description, shape)
    images, labels = batch(shape, 40)
    unrolled = 36 * 10 * 10 * 40 * 8
    assert unrolled > 2 * CHUNK_BYTES / (1 + 120 / 36)
    assert_equal_step(ours, reference, images, labels, rtol=1e-9, atol=1e-11)


def test_of_equal_maxima_the_first_gets_the_gradient():
    conv = Conv2d(1, 1, 1, bias=False)
    conv.attach({"weight": np.ones((1, 1, 1, 1))}, {"weight": np.zeros((1, 1, 1, 1))})
    stage = ConvPoolReLU(conv, (1, 2, 4), np.float64)
    # Four equal pixels, of which the first wins; and a window whose maximum comes twice, at (0, 1) and (1, 0).
    stage.forward(np.array([[[[2.0, 2, 1, 3], [2, 2, 3, 0]]]]), train=True)
    grad_in = stage.backward(np.array([[[[10.0, 20.0]]]]))
    np.testing.assert_array_equal(grad_in, [[[[10, 0, 0, 20], [0, 0, 0, 0]]]])


def test_the_gradient_of_relu_at_zero_is_zero():
    affine = Affine(2, 1)
    affine.attach(
        {"weight": np.ones((2, 1)), "bias": np.zeros(1)}, {"weight": np.full((2, 1), 9.0), "bias": np.ones(1)}
    )
    stage = FusedAffine(affine, Scratch(np.float64), np.float64, relu=True)
    stage.forward(np.array([[1.0, -1.0]]), train=True)
    np.testing.assert_array_equal(stage.backward(np.array([[5.0]])), [[0, 0]])
    np.testing.assert_array_equal(affine.grads["weight"], np.zeros((2, 1)))


def test_3x3_convolutions_are_computed_by_winograds_algorithm_unless_told_otherwise():
    kinds = [
        {
            type(stage)
            for stage in pair(ConvNetDescription(filters=(8, 9), **DEEP, algorithm=algorithm), (12, 12))[0]._stages
        }
        for algorithm in ("auto", "direct")
    ]
    assert WinogradStack in kinds[0]
    assert Conv2d not in kinds[0]
    assert WinogradStack not in kinds[1]


@pytest.mark.parametrize("description", [MultiLayerNetDescription(hidden=(5,)), ConvNetDescription(filters=(2,))])
def test_backward_needs_a_training_step_forward_of_its_own(description):
    ours, _ = pair(description, (8, 8))
    images, labels = batch((8, 8), 3)
    ours.loss_and_gradient(images, labels, np.random.default_rng(0))
    for stage in ours._stages:
        if not isinstance(stage, Flatten):
            with pytest.raises(RuntimeError, match="one for each backward"):
                stage.backward_parameters(np.zeros((3, 5)))


def test_no_more_than_a_few_batch_sizes_keep_their_buffers():
    ours, _ = pair(ConvNetDescription(filters=(4,)), (8, 8))
    for count in range(1, 8):
        ours.logits(batch((8, 8), count)[0])
    for stage in ours._stages:
        if not isinstance(stage, Flatten):
            assert len(stage._workspaces._kept) == KEPT
    ours.release_buffers()
    assert not any(stage._workspaces._kept for stage in ours._stages if not isinstance(stage, Flatten))


def test_layers_that_no_stage_fits_stand_for_themselves():
    ours, _ = pair(ConvNetDescription(filters=(4,), kernel=3, stride=2, dropout=0.5), (13, 13))
    kinds = [Conv2d, MaxPool2d, ReLU, Flatten, FusedAffine, Dropout, FusedAffine]
    assert [type(stage) for stage in ours._stages] == kinds


def test_the_batch_size_that_was_not_used_for_longest_goes_first():
    made = []
    workspaces = Workspaces(lambda batch: made.append(batch) or batch)
    for batch in (1, 2, 3, 1, 4, 1, 3, 2):
        assert workspaces.of(batch) == batch
    assert KEPT == 3
    assert made == [1, 2, 3, 4, 2]
