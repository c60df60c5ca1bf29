"""Dropout: silent at prediction, and the same on average in training."""

import numpy as np
import pytest

from hpo.models.layers import Dropout


def test_prediction_passes_everything_on():
    x = np.random.default_rng(0).standard_normal((4, 50))
    np.testing.assert_array_equal(Dropout(0.5).forward(x, train=False), x)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_the_expectation_stays(ratio):
    x = np.full((200, 1000), 3.0)
    out = Dropout(ratio).forward(x, train=True, rng=np.random.default_rng(1))
    deviation = 3 * np.sqrt(ratio / (1 - ratio) / x.size)
    assert abs(out.mean() - 3) < 5 * deviation


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_the_ratio_is_the_share_that_falls_silent(ratio):
    out = Dropout(ratio).forward(np.ones((200, 1000)), train=True, rng=np.random.default_rng(1))
    assert abs((out == 0).mean() - ratio) < 5 * np.sqrt(ratio * (1 - ratio) / out.size)


def test_the_gradient_takes_the_same_way_as_the_values():
    layer, x = Dropout(0.5), np.ones((20, 20))
    out = layer.forward(x, train=True, rng=np.random.default_rng(2))
    np.testing.assert_array_equal(layer.backward(np.ones((20, 20))), out)


def test_the_same_seed_silences_the_same_units():
    first, second, other = (
        Dropout(0.5).forward(np.ones((20, 20)), train=True, rng=np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_training_without_a_generator_is_refused():
    with pytest.raises(ValueError, match=r"give forward.* an rng"):
        Dropout(0.5).forward(np.ones((2, 2)), train=True)


@pytest.mark.parametrize("ratio", [1, 1.5, -0.1, float("nan")])
def test_a_ratio_that_leaves_nothing_is_refused(ratio):
    with pytest.raises(ValueError, match="dropout must be a finite number of at least 0 and below 1"):
        Dropout(ratio)
