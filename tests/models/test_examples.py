"""Examples: taking some of them, and what is refused."""

import numpy as np
import pytest

from hpo.models import Examples
from hpo.models.examples import scale_images
from tests.support.images import patterns


def test_take_returns_copies_in_the_order_asked_for():
    examples = patterns(10, 0)
    taken = examples.take([3, 0, 3])
    assert len(taken) == 3
    assert taken.images.dtype == np.uint8
    np.testing.assert_array_equal(taken.images, examples.images[[3, 0, 3]])
    np.testing.assert_array_equal(taken.labels, examples.labels[[3, 0, 3]])
    taken.images[...] = 0
    assert examples.images[3].any()


def test_taking_none_is_allowed():
    assert len(patterns(10, 0).take([])) == 0


def test_uint8_is_scaled_exactly_once():
    images = np.array([[0, 51, 255]], np.uint8)
    scaled = scale_images(images, np.float32)
    np.testing.assert_allclose(scaled, [[0, 0.2, 1]], rtol=1e-6)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scale_images(scaled, np.float32), scaled)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 3)), np.zeros(3, int), "got 2 images and 3 labels"),
        (np.zeros(4), np.zeros(4, int), r"images must be \(N, D\), .* got shape \(4,\)"),
        (np.zeros((1, 2, 3, 4, 5)), np.zeros(1, int), r"got shape \(1, 2, 3, 4, 5\)"),
        (np.zeros((2, 3), int), np.zeros(2, int), "images must be uint8 .* or floats, got int64"),
        (np.zeros((2, 3)), np.zeros(2), r"labels must be whole numbers of shape \(N,\), got float64"),
        (np.zeros((2, 3)), np.zeros((2, 10), int), r"got int64 of shape \(2, 10\)"),
        (np.array([[0, np.nan], [0, 0], [np.inf, 0]]), np.zeros(3, int), "2 of 3 hold NaN or infinity"),
    ],
)
def test_what_is_no_set_of_labelled_images_is_refused(images, labels, message):
    with pytest.raises(ValueError, match=message):
        Examples(images, labels)
