import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.storage.errors import UserError
from hpo.storage.splits import Partition, partition, stratified_order

SEEDS = st.integers(0, 2**32)


@st.composite
def labels(draw: st.DrawFn) -> np.ndarray:
    """Labels of up to eight classes of very unequal size (a single image is common), in any order."""
    size = st.one_of(st.just(1), st.integers(2, 9), st.integers(10, 80))
    counts = draw(st.lists(size, min_size=1, max_size=8))
    order = np.random.default_rng(draw(SEEDS)).permutation(sum(counts))
    return np.repeat(np.arange(len(counts)), counts)[order]


@st.composite
def partitions(draw: st.DrawFn) -> Partition:
    all_labels = draw(labels().filter(lambda each: len(each) > len(np.unique(each))))
    most = len(all_labels) - len(np.unique(all_labels))
    return partition(all_labels, holdout=draw(st.integers(1, most)), seed=draw(SEEDS))


def deviation(chosen: np.ndarray, everything: np.ndarray) -> float:
    """Return by how many images the class that is furthest off differs from its share."""
    n = max(chosen.max(), everything.max()) + 1
    share = np.bincount(everything, minlength=n) / len(everything)
    return float(np.abs(np.bincount(chosen, minlength=n) - share * len(chosen)).max())


@given(labels(), SEEDS)
def test_every_prefix_has_each_classs_share_within_less_than_one_image(everything, seed):
    order = stratified_order(everything, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(everything)))
    assert all(deviation(everything[order[:m]], everything) < 1 for m in range(1, len(order) + 1))


@given(labels(), SEEDS)
def test_the_same_seed_gives_the_same_order_and_leaves_the_labels_alone(everything, seed):
    before = everything.copy()
    first, second = (stratified_order(everything, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(everything, before)


def test_every_image_of_a_class_is_as_likely_to_come_first():
    everything = np.repeat([0, 1], [4, 12])
    first = np.zeros(4)
    for seed in range(2000):
        order = stratified_order(everything, np.random.default_rng(seed))
        first[order[everything[order] == 0][0]] += 1
    assert np.abs(first - 500).max() < 4 * np.sqrt(2000 * 0.25 * 0.75)


@given(partitions())
def test_pool_and_holdout_are_disjoint_and_together_everything(parts):
    together = np.concatenate([parts.pool, parts.holdout])
    assert sorted(together) == list(range(len(parts.labels)))


@given(partitions())
def test_every_class_keeps_an_image_to_train_on(parts):
    assert set(parts.labels[parts.pool]) == set(parts.labels)


@given(partitions(), st.data())
def test_subsets_of_pool_and_holdout_are_stratified_and_nested(parts, data):
    for whole, subset in ((parts.pool, lambda n: parts.group(n, 0)), (parts.holdout, parts.validation)):
        large = data.draw(st.integers(1, len(whole)))
        small = data.draw(st.integers(1, large))
        assert len(subset(large)) == large
        assert set(subset(small)) <= set(subset(large)) <= set(whole)
    assert deviation(parts.labels[parts.group(large_n := len(parts.pool) // 2 + 1, 0)], parts.labels[parts.pool]) < 1
    assert large_n <= len(parts.pool)


@given(partitions(), st.data())
def test_groups_are_disjoint_while_the_pool_lasts_and_then_still_drawn_from_it(parts, data):
    n = data.draw(st.integers(1, len(parts.pool)))
    fitting = len(parts.pool) // n
    groups = [parts.group(n, k) for k in range(min(fitting, 6))]
    assert len(set(np.concatenate(groups))) == n * len(groups)
    for k in (fitting, fitting + 3):
        drawn = parts.group(n, k)
        assert len(set(drawn)) == n
        assert set(drawn) <= set(parts.pool)
        assert deviation(parts.labels[drawn], parts.labels[parts.pool]) < 1
        np.testing.assert_array_equal(drawn, parts.group(n, k))


@given(partitions(), st.data())
def test_images_within_a_range_of_the_pool_are_all_of_it_or_a_stratified_draw(parts, data):
    n = data.draw(st.integers(1, len(parts.pool)))
    start = data.draw(st.integers(0, len(parts.pool) - n))
    stop = data.draw(st.integers(start + n, len(parts.pool)))
    drawn = parts.within(n, 1, start, stop)
    assert len(set(drawn)) == n
    assert set(drawn) <= set(parts.pool[start:stop])
    np.testing.assert_array_equal(parts.within(n, 1, start, start + n), parts.pool[start : start + n])
    with pytest.raises(ValueError, match="cannot be taken from"):
        parts.within(n, 1, 0, n - 1)


@given(partitions(), st.data())
def test_fresh_validation_images_were_not_among_the_first(parts, data):
    after = data.draw(st.integers(0, len(parts.holdout) - 1))
    left = len(parts.holdout) - after
    n = data.draw(st.integers(1, 2 * left))
    drawn = parts.fresh_validation(n, 5, after)
    assert len(set(drawn)) == len(drawn) == min(n, left)
    assert set(drawn) <= set(parts.holdout[after:])
    np.testing.assert_array_equal(drawn, parts.fresh_validation(n, 5, after))


@given(st.integers(2, 8), SEEDS)
def test_the_holdout_of_equal_classes_is_stratified(classes, seed):
    everything = np.tile(np.arange(classes), 20)
    parts = partition(everything, holdout=5 * classes + 1, seed=seed)
    assert deviation(everything[parts.holdout], everything) < 1
    assert deviation(everything[parts.pool], everything) < 1


def test_a_class_with_one_image_is_only_trained_on():
    everything = np.array([0] * 50 + [1] * 50 + [2])
    for seed in range(20):
        assert 100 in partition(everything, holdout=60, seed=seed).pool


def test_another_seed_gives_another_division_and_the_same_seed_the_same():
    everything = np.tile(np.arange(10), 30)
    first, same, other = (partition(everything, holdout=50, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.pool, same.pool)
    np.testing.assert_array_equal(first.holdout, same.holdout)
    assert set(first.holdout) != set(other.holdout)
    assert set(first.fresh_validation(10, 0, 20)) != set(first.fresh_validation(10, 1, 20))
    assert set(first.group(200, 1)) != set(first.group(200, 2))


def test_the_division_cannot_be_written_into():
    parts = partition(np.tile(np.arange(3), 10), holdout=5, seed=0)
    for indices in (parts.pool, parts.holdout, parts.group(4, 1), parts.validation(3)):
        with pytest.raises(ValueError, match="read-only"):
            indices[0] = 1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda parts: parts.group(26, 0), "26 training images were asked for, but 25 are left"),
        (lambda parts: parts.group(0, 0), "0 training images"),
        (lambda parts: parts.validation(6), "6 validation images were asked for, but 5 are held out"),
        (lambda parts: parts.validation(0), "0 validation images"),
        (lambda parts: parts.fresh_validation(3, 0, 5), "0 of the 5 held out come after the first 5"),
        (lambda parts: parts.fresh_validation(0, 0, 2), "0 fresh validation images"),
        (lambda parts: partition(parts.labels, holdout=0, seed=0), "a holdout of 0 was asked for"),
        (lambda parts: partition(parts.labels, holdout=28, seed=0), "it must be from 1 to 27"),
    ],
)
def test_asking_for_more_than_there_is_tells_how_much_there_is(ask, message):
    parts = partition(np.tile(np.arange(3), 10), holdout=5, seed=0)
    with pytest.raises(UserError, match=message):
        ask(parts)
