"""The convolution: the book's worked examples, a plain reference, and what it refuses."""

import numpy as np
import pytest

from hpo.models import output_size
from hpo.models.layers import Conv2d


def convolution(weight, bias, **settings) -> Conv2d:
    filters, channels, kernel, _ = weight.shape
    layer = Conv2d(channels, filters, kernel, **settings)
    layer.attach({"weight": weight, "bias": bias}, {"weight": np.zeros_like(weight), "bias": np.zeros_like(bias)})
    return layer


def plainly(x, weight, bias, stride, padding):
    """Compute the convolution window by window, as the definition reads."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    kernel = weight.shape[2]
    height, width = ((size - kernel) // stride + 1 for size in x.shape[2:])
    out = np.empty((len(x), len(weight), height, width))
    for n, f, i, j in np.ndindex(out.shape):
        window = x[n, :, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
        out[n, f, i, j] = (window * weight[f]).sum() + bias[f]
    return out


def test_the_books_worked_example_comes_out_exactly():
    image = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]], float)
    weight = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2]], float)
    layer = convolution(weight[np.newaxis, np.newaxis], np.zeros(1))
    out = layer.forward(image[np.newaxis, np.newaxis], train=False)
    np.testing.assert_array_equal(out[0, 0], [[15, 16], [6, 15]])


def test_the_bias_is_added_to_every_output():
    image = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]], float)
    weight = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2]], float)
    out = convolution(weight[np.newaxis, np.newaxis], np.array([3.0])).forward(
        image[np.newaxis, np.newaxis], train=False
    )
    np.testing.assert_array_equal(out[0, 0], [[18, 19], [9, 18]])


@pytest.mark.parametrize(
    ("size", "padding", "stride", "kernel", "expected"),
    [((4, 4), 1, 1, 3, (4, 4)), ((7, 7), 0, 2, 3, (3, 3)), ((28, 31), 2, 3, 5, (10, 11)), ((5, 6), 0, 2, 2, (2, 3))],
)
def test_output_sizes_are_the_books_and_round_down(size, padding, stride, kernel, expected):
    assert tuple(output_size(s, kernel, stride, padding) for s in size) == expected
    layer = Conv2d(1, 2, kernel, stride, padding)
    assert layer.output_shape((1, *size)) == (2, *expected)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (1, 2), (3, 1)])
def test_it_agrees_with_the_definition(stride, padding):
    rng = np.random.default_rng(0)
    x, weight, bias = rng.standard_normal((2, 3, 8, 9)), rng.standard_normal((4, 3, 3, 3)), rng.standard_normal(4)
    out = convolution(weight, bias, stride=stride, padding=padding).forward(x, train=False)
    np.testing.assert_allclose(out, plainly(x, weight, bias, stride, padding), rtol=1e-10, atol=1e-12)


def test_a_window_larger_than_the_image_is_refused_with_its_formula():
    with pytest.raises(ValueError, match=r"window of 5 does not fit into 4 pixels.*\(4 \+ 2\*0 - 5\)/1 \+ 1"):
        output_size(4, kernel=5, stride=1)
    with pytest.raises(ValueError, match="take a smaller window"):
        Conv2d(1, 2, 5).output_shape((1, 4, 9))


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match=r"over 3 channels takes \(C, H, W\), got \(1, 8, 8\)"):
        Conv2d(3, 2, 3).output_shape((1, 8, 8))
