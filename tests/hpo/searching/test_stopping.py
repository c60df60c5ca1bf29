import math
from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.searching.stopping import survivors, with_imputed_scores
from tests.support.builders import result

SCORES = st.dictionaries(st.integers(0, 50), st.sampled_from([0.0, 0.1, 0.5, 0.7, 0.9]), min_size=1, max_size=40)
KEEPS = st.integers(1, 100).map(lambda percent: percent / 100)


@given(SCORES, KEEPS)
def test_the_share_that_goes_on_is_rounded_up(scores, keep):
    exactly = Fraction(round(100 * keep), 100) * len(scores)
    assert len(survivors(scores, keep)) == math.ceil(exactly)


@pytest.mark.parametrize(("n", "keep", "count"), [(20, 0.55, 11), (25, 0.28, 7), (10, 0.7, 7)])
def test_a_share_that_is_a_whole_number_of_trials_is_exactly_that_many(n, keep, count):
    assert len(survivors(dict.fromkeys(range(n), 0.5), keep)) == count


@pytest.mark.parametrize(("n", "count"), [(20, 10), (10, 5), (5, 3), (3, 2), (2, 1), (1, 1)])
def test_half_goes_on_and_never_nobody(n, count):
    assert len(survivors({i: i / n for i in range(n)}, 0.5)) == count


@given(SCORES, KEEPS)
def test_nobody_who_stops_is_better_than_one_who_goes_on(scores, keep):
    kept = survivors(scores, keep)
    stopped = [scores[key] for key in scores if key not in kept]
    assert kept <= set(scores)
    assert not stopped or max(stopped) <= min(scores[key] for key in kept)


def test_among_equals_the_earlier_goes_on():
    assert survivors({3: 0.5, 1: 0.5, 2: 0.5, 0: 0.1}, 0.5) == {1, 2}


@given(SCORES, KEEPS, st.randoms(use_true_random=False))
def test_who_goes_on_does_not_depend_on_who_came_first(scores, keep, random):
    keys = list(scores)
    random.shuffle(keys)
    assert survivors({key: scores[key] for key in keys}, keep) == survivors(scores, keep)


FINISHED = [
    result({}, 0.80, 0, rungs={25: 0.60, 50: 0.75, 100: 0.80}),
    result({}, 0.80, 1, rungs={25: 0.50, 50: 0.70, 100: 0.80}),
    result({}, 0.90, 2, rungs={25: 0.40, 50: 0.60, 100: 0.90}),
]
"""Gains from 25 % on: .2, .3, .5, and from 50 % on: .05, .1, .3; their median score is .8."""


def imputed(score: float, rungs: dict[int, float], round_: int = 1) -> float:
    stopped = result({}, score, 9, round_=round_, rungs=rungs, stopped=True)
    return with_imputed_scores([*FINISHED, stopped])[-1].score


def test_a_stopped_trial_gains_the_median_of_what_the_survivors_gained_from_its_rung_on():
    assert imputed(0.2, {25: 0.2}) == pytest.approx(0.5)
    assert imputed(0.3, {25: 0.2, 50: 0.3}) == pytest.approx(0.4)


def test_a_stopped_trial_stays_just_below_the_median_survivor():
    assert imputed(0.55, {25: 0.55}) == math.nextafter(0.8, 0)


def test_a_stopped_trial_of_a_round_without_survivors_keeps_its_score():
    assert imputed(0.2, {25: 0.2}, round_=2) == 0.2


def test_a_trial_that_stopped_before_any_rung_keeps_its_score():
    assert imputed(0.0, {}) == 0.0


def test_finished_trials_keep_their_scores_and_all_their_order():
    stopped = [result({}, 0.2, 8, rungs={25: 0.2}, stopped=True)]
    assert with_imputed_scores([*FINISHED, *stopped])[:3] == FINISHED
    assert [trial.key for trial in with_imputed_scores([*stopped, *FINISHED])] == [(1, 8), (1, 0), (1, 1), (1, 2)]


@given(st.lists(st.floats(0, 1), max_size=12), st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12))
def test_imputing_keeps_the_stopped_in_order_and_below_the_median_survivor(stopped, finished):
    trials = [result({}, score, i, rungs={25: score}, stopped=True) for i, score in enumerate(stopped)]
    trials += [result({}, end, 100 + i, rungs={25: rung}) for i, (rung, end) in enumerate(finished)]
    scores = [trial.score for trial in with_imputed_scores(trials)][: len(stopped)]
    in_order = [new for _, new in sorted(zip(stopped, scores, strict=True))]
    assert in_order == sorted(in_order)
    if finished:
        middle = median(end for _, end in finished)
        assert all(score < middle or middle == 0 for score in scores)
