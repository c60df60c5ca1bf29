"""Thinning keeps the best and an even choice of the others, and leaves alone what is few enough."""

from hypothesis import given
from hypothesis import strategies as st

from hpo.searching.thinning import thinned


@given(st.integers(0, 50))
def test_what_is_few_enough_stays_as_it_is(n):
    assert thinned(range(n), 50) == list(range(n))


@given(st.integers(51, 5000), st.integers(3, 50))
def test_of_more_so_many_are_left_in_their_order_and_no_one_twice(n, most):
    left = thinned(range(n), most)
    assert len(left) == most
    assert left == sorted(set(left))
    assert left[: most // 2] == list(range(most // 2))
    assert left[-1] == n - 1


@given(st.integers(1000, 20_000), st.integers(1, 10))
def test_without_a_preference_a_share_of_the_best_stays_that_share(n, tenths):
    left = thinned(range(n), 200, best=0)
    share = sum(place < tenths * n / 10 for place in left) / len(left)
    assert abs(share - tenths / 10) < 0.01
