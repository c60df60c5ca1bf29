"""Initialization: the spread of the first weights."""

import math

import numpy as np
import pytest

from hpo.models import ConvNetDescription, MultiLayerNetDescription, build_network


@pytest.mark.parametrize(
    ("initialization", "expected"), [("he", math.sqrt(2 / 400)), ("xavier", math.sqrt(1 / 400)), (0.03, 0.03)]
)
def test_affine_weights_have_the_promised_spread(initialization, expected):
    description = MultiLayerNetDescription(hidden=(300,), initialization=initialization)
    network = build_network(description, (20, 20), 10, np.random.default_rng(0))
    weight = network.layers[0].params["weight"]
    assert weight.std() == pytest.approx(expected, rel=5 / math.sqrt(2 * weight.size))
    assert abs(weight.mean()) < 5 * expected / math.sqrt(weight.size)


def test_a_convolution_counts_the_inputs_of_one_window():
    network = build_network(ConvNetDescription(filters=(300,), kernel=5), (3, 10, 10), 10, np.random.default_rng(0))
    weight = network.layers[0].params["weight"]
    assert weight.std() == pytest.approx(math.sqrt(2 / 75), rel=5 / math.sqrt(2 * weight.size))


def test_he_keeps_the_size_of_activations_through_many_relu_layers():
    network = build_network(MultiLayerNetDescription(hidden=(400,) * 8), (400,), 10, np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((200, 400)).astype(np.float32)
    squares = []
    for layer in network.layers[:-1]:
        x = layer.forward(x, train=False)
        squares.append(float((x**2).mean()))
    after_relu = squares[1::2]
    assert 0.5 < after_relu[-1] / after_relu[0] < 2
