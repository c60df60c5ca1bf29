"""Augmentation: how far images move, what comes in from outside, and that validation never sees it."""

import numpy as np
import pytest

from hpo.models import MultiLayerNetDescription, TrainingSettings, build_network, fit
from hpo.models.augmentation import augment, rotate, translate
from tests.support.images import patterns

RNG = np.random.default_rng(0)
IMAGES = RNG.random((6, 7, 9))


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 1), (-1, 2), (-3, -2)])
def test_a_translation_moves_the_picture_and_fills_with_zeros(down, right):
    moved = translate(IMAGES, np.full(6, down), np.full(6, right))
    for row in range(7):
        for column in range(9):
            inside = 0 <= row - down < 7 and 0 <= column - right < 9
            expected = IMAGES[:, row - down, column - right] if inside else 0
            np.testing.assert_array_equal(moved[:, row, column], expected)


def test_every_image_gets_its_own_shift_inside_the_limit_and_every_shift_occurs():
    images = np.zeros((2000, 9, 9))
    images[:, 4, 4] = 1
    moved = augment(images, shift=2, rotation=0, rng=np.random.default_rng(1))
    assert (moved.sum(axis=(1, 2)) == 1).all()
    _, rows, columns = np.nonzero(moved)
    assert {(int(r) - 4, int(c) - 4) for r, c in zip(rows, columns, strict=True)} == {
        (down, right) for down in range(-2, 3) for right in range(-2, 3)
    }


def test_a_rotation_by_nothing_is_the_image_and_half_a_turn_reverses_it():
    np.testing.assert_allclose(rotate(IMAGES, np.zeros(6)), IMAGES, atol=1e-12)
    np.testing.assert_allclose(rotate(IMAGES, np.full(6, 180.0)), IMAGES[:, ::-1, ::-1], atol=1e-12)


def test_a_quarter_turn_of_a_square_is_clockwise():
    square = RNG.random((3, 5, 5))
    np.testing.assert_allclose(rotate(square, np.full(3, 90.0)), np.rot90(square, k=-1, axes=(1, 2)), atol=1e-12)


def test_pixels_between_pixels_are_bilinear():
    ramp = np.broadcast_to(np.arange(9.0), (1, 9, 9)) - 4  # a plane stays a plane
    turned = rotate(ramp, np.array([20.0]))
    rows, columns = np.mgrid[-4:5, -4:5]
    expected = np.cos(np.deg2rad(20)) * columns + np.sin(np.deg2rad(20)) * rows
    np.testing.assert_allclose(turned[0, 2:7, 2:7], expected[2:7, 2:7], atol=1e-12)


def test_rotations_stay_inside_their_limit():
    images = np.zeros((500, 21, 21))
    images[:, 10, 20] = 1  # a dot at the right edge
    turned = augment(images, shift=0, rotation=10, rng=np.random.default_rng(2))
    _, rows, _ = np.nonzero(turned > 1e-9)
    reach = np.abs(rows - 10).max()
    assert 1 <= reach <= np.ceil(10 * np.sin(np.deg2rad(10)))
    assert turned.max() <= 1
    assert turned.min() >= 0


@pytest.mark.parametrize(
    "settings", [{"shift": 2, "rotation": 0}, {"shift": 0, "rotation": 15}, {"shift": 1, "rotation": 30}]
)
def test_the_channels_of_an_image_move_together(settings):
    colour = np.stack([IMAGES, 2 * IMAGES, -IMAGES], axis=1)
    moved = augment(colour, **settings, rng=np.random.default_rng(3))
    grey = augment(IMAGES, **settings, rng=np.random.default_rng(3))
    np.testing.assert_allclose(moved, np.stack([grey, 2 * grey, -grey], axis=1), atol=1e-12)


def test_the_input_stays_as_it_is_and_float32_stays_float32():
    images = IMAGES.astype(np.float32)
    images.flags.writeable = False
    moved = augment(images, shift=2, rotation=10, rng=np.random.default_rng(4))
    assert moved.dtype == np.float32
    assert moved.shape == images.shape
    np.testing.assert_array_equal(images, IMAGES.astype(np.float32))


def test_the_seed_decides():
    first, second, other = (augment(IMAGES, shift=2, rotation=10, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_nothing_asked_for_draws_nothing():
    rng = np.random.default_rng(5)
    state = rng.bit_generator.state
    assert augment(IMAGES, shift=0, rotation=0, rng=rng) is IMAGES
    assert rng.bit_generator.state == state


def test_training_batches_are_augmented_and_evaluations_are_not():
    train, validation = patterns(40, 1), patterns(40, 2)
    results = {}
    for shift in (0, 3):
        network = build_network(MultiLayerNetDescription(hidden=(30,)), (8, 8), 10, np.random.default_rng(0))
        settings = TrainingSettings(learning_rate=0.01, batch_size=20, optimizer="adam", shift=shift)
        *_, results[shift] = fit(network, train, validation, settings, epochs=15, rng=np.random.default_rng(0))
        assert results[shift].train_loss == network.evaluate(train).loss
        assert results[shift].validation_loss == network.evaluate(validation).loss
    assert results[3].train_loss > 1.5 * results[0].train_loss  # moved patterns are harder to learn by heart
