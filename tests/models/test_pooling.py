"""Pooling: the windows' values, and who gets the gradient."""

import numpy as np
import pytest

from hpo.models.layers import AveragePool2d, MaxPool2d


def backward(layer, image, grad):
    layer.forward(np.array(image, float)[np.newaxis, np.newaxis], train=True)
    return layer.backward(np.array(grad, float)[np.newaxis, np.newaxis])[0, 0]


def test_max_pool_keeps_the_largest_pixel_of_each_window():
    image = np.array([[1, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1]], float)
    out = MaxPool2d(2, 2).forward(image[np.newaxis, np.newaxis], train=False)
    np.testing.assert_array_equal(out[0, 0], [[2, 3], [4, 2]])


def test_the_first_of_equal_maxima_gets_the_gradient():
    np.testing.assert_array_equal(backward(MaxPool2d(2, 2), np.zeros((2, 2)), [[5]]), [[5, 0], [0, 0]])
    np.testing.assert_array_equal(backward(MaxPool2d(2, 2), [[1, 7], [7, 7]], [[5]]), [[0, 5], [0, 0]])
    np.testing.assert_array_equal(backward(MaxPool2d(2, 2), [[1, 3], [7, 7]], [[5]]), [[0, 0], [5, 0]])


def test_ties_on_blank_background_lose_no_gradient_and_double_none():
    grad = backward(MaxPool2d(3, 2), np.zeros((7, 7)), np.arange(1, 10).reshape(3, 3))
    assert grad.sum() == 45
    np.testing.assert_array_equal(grad[:6:2, :6:2], np.arange(1, 10).reshape(3, 3))


def test_a_pixel_that_wins_several_windows_gets_all_of_their_gradients():
    image = np.zeros((3, 3))
    image[1, 1] = 1
    grad = backward(MaxPool2d(2, 1), image, [[1, 2], [3, 4]])
    assert grad[1, 1] == 10
    assert grad.sum() == 10


def test_negative_maps_have_negative_maxima():
    out = MaxPool2d(2, 2).forward(np.full((1, 1, 4, 4), -3.0), train=False)
    np.testing.assert_array_equal(out, np.full((1, 1, 2, 2), -3.0))


@pytest.mark.parametrize("layer", [MaxPool2d(2, 2), AveragePool2d(2, 2)])
def test_the_last_row_and_column_of_odd_maps_are_not_looked_at(layer):
    image = np.zeros((1, 1, 5, 5))
    image[..., 4, :] = image[..., :, 4] = 9
    assert layer.forward(image, train=True).shape == (1, 1, 2, 2)
    assert layer.forward(image, train=True).max() == 0
    grad = layer.backward(np.ones((1, 1, 2, 2)))
    assert grad[..., 4, :].max() == grad[..., :, 4].max() == 0


def test_average_pool_takes_the_mean_and_spreads_the_gradient_evenly():
    image = np.arange(16.0).reshape(1, 1, 4, 4)
    out = AveragePool2d(2, 2).forward(image, train=False)
    np.testing.assert_array_equal(out[0, 0], [[2.5, 4.5], [10.5, 12.5]])
    np.testing.assert_array_equal(backward(AveragePool2d(2, 2), np.zeros((2, 2)), [[8]]), [[2, 2], [2, 2]])


@pytest.mark.parametrize("layer", [MaxPool2d(3, 2), AveragePool2d(3, 2)])
def test_maps_smaller_than_a_window_are_refused(layer):
    with pytest.raises(ValueError, match="window of 3 does not fit into 2 pixels"):
        layer.output_shape((1, 5, 2))
