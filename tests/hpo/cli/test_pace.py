import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.cli.pace import seconds_left


@given(st.floats(0.1, 1e4), st.floats(0.1, 1e3), st.integers(4, 50), st.floats(0, 0.9))
def test_at_an_even_pace_it_is_exact_wherever_the_study_was_resumed(pace, total, moments, resumed):
    before = resumed * total
    seen = [(pace * k, before + (total - before) * k / moments) for k in range(moments)]
    done = (moments - 1) / moments
    assert seconds_left(seen, total) == pytest.approx(pace * moments * (1 - done))


@pytest.mark.parametrize("seen", [[], [(0, 0)], [(0, 0), (5, 1.9)], [(0, 50), (5, 51.9)]])
def test_nothing_is_said_before_there_is_anything_to_tell_from(seen):
    assert seconds_left(seen, 100) is None


def test_what_is_faster_than_before_is_soon_taken_to_stay_so():
    slow = [(10 * k, k) for k in range(21)]
    fast = [(200 + k, 20 + k) for k in range(1, 31)]
    assert seconds_left([*slow, *fast], 100) == pytest.approx(50)


def test_waiting_costs_time_though_no_work_is_done():
    seen = [(0, 0), (10, 10)]
    assert seconds_left([*seen, (30, 10)], 100) > seconds_left(seen, 100)
