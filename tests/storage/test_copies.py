import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.storage.copies import partition_with_copies, pictures
from hpo.storage.errors import UserError
from hpo.storage.splits import partition


@st.composite
def copied(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and which picture each image shows; some copies have contradicting labels."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    times = rng.integers(1, draw(st.integers(2, 6)), draw(st.integers(12, 40)))
    classes = draw(st.integers(2, 4))
    which = np.repeat(np.arange(len(times)), times)
    labels = np.repeat(np.arange(len(times)) % classes, times)
    if draw(st.booleans()):
        labels[rng.integers(0, len(labels), 3)] = 0
    order = rng.permutation(len(labels))
    return labels[order], which[order]


@given(copied(), st.integers(1, 8), st.integers(0, 2**32))
def test_copies_are_on_one_side_and_the_holdout_has_its_size(data, holdout, seed):
    labels, which = data
    parts = partition_with_copies(labels, which, holdout=holdout, seed=seed)
    assert len(parts.holdout) == len(set(parts.holdout)) == holdout
    assert not set(which[parts.pool]) & set(which[parts.holdout])
    left = set(range(len(labels))) - set(parts.pool) - set(parts.holdout)
    assert len(set(which[list(left)])) <= 1, "only copies of the last picture of the holdout are on neither side"
    again = partition_with_copies(labels, which, holdout=holdout, seed=seed)
    np.testing.assert_array_equal(parts.pool, again.pool)
    np.testing.assert_array_equal(parts.holdout, again.holdout)


def test_every_class_keeps_a_picture_to_train_on():
    labels, which = np.repeat([0, 1, 2], [40, 40, 4]), np.arange(84) // 4
    for seed in range(10):
        parts = partition_with_copies(labels, which, holdout=60, seed=seed)
        assert set(labels[parts.pool]) == {0, 1, 2}


def test_a_picture_that_is_there_very_often_is_trained_on():
    which = np.concatenate([np.zeros(500, dtype=int), np.arange(1, 501)])
    for seed in range(10):
        parts = partition_with_copies(np.arange(1000) % 2, which, holdout=250, seed=seed)
        assert len(parts.pool) == 750
        assert 0 in which[parts.pool]


def test_without_copies_the_split_is_the_same_as_ever():
    labels = np.arange(60) % 3
    ever, now = (
        partition(labels, holdout=20, seed=5),
        partition_with_copies(labels, pictures(np.arange(60)[:, None]), holdout=20, seed=5),
    )
    np.testing.assert_array_equal(ever.pool, now.pool)
    np.testing.assert_array_equal(ever.holdout, now.holdout)


def test_a_holdout_that_copies_leave_no_room_for_is_told():
    with pytest.raises(UserError, match=r"100 images show 4 different pictures, .* must be from 1 to 50"):
        partition_with_copies(np.repeat([0, 1], 50), np.arange(100) // 25, holdout=60, seed=0)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_equal_pictures_are_found_and_those_that_differ_in_a_pixel_are_not(dtype):
    images = np.zeros((6, 3, 4), dtype=dtype)
    images[2, 2, 3] = images[4, 2, 3] = 1
    images[5, 0, 0] = 1
    which = pictures(images)
    assert which is not None
    assert which[0] == which[1] == which[3]
    assert which[2] == which[4]
    assert len(set(which)) == 3
    assert pictures(images[[0, 2, 5]]) is None


def test_images_of_search_and_race_have_none_in_common():
    parts = partition(np.arange(6000) % 10, holdout=1000, seed=0)
    searched = np.concatenate([parts.group(500, group) for group in range(3)])
    raced = np.concatenate([parts.group(500, 3 + run) for run in range(4)])
    assert not set(searched) & set(raced)
    assert not set(searched) & set(np.concatenate([parts.group(2000, 1 + run) for run in range(1)]))
