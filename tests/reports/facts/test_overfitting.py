"""Where validation loss turns, and what mean curves over runs are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.reports.facts.curves import band, diverged, mean_band
from hpo.reports.facts.overfitting import FEWEST_POINTS, course, turning_point
from hpo.storage.records import Curve, CurvePoint
from tests.support.comparison_results import comparison, definition

POINTS = st.integers(FEWEST_POINTS, 200)


def epochs(points):
    return np.arange(1.0, points + 1)


def valley(points, share, depth=0.3):
    """Return a loss of 1 at best that rises straight to both sides of its turn."""
    turn = round(share * (points - 1))
    return turn, 1 + depth * np.abs(np.arange(points) - turn) / (points - 1)


@given(POINTS, st.floats(0, 0.6), st.floats(0.2, 3))
def test_a_loss_that_falls_and_then_rises_turned_at_its_smallest(points, share, depth):
    turn, loss = valley(points, share, depth)
    assert turning_point(epochs(points), loss) == turn


@given(POINTS, st.floats(0.01, 9))
def test_a_loss_that_only_falls_did_not_turn(points, pace):
    assert turning_point(epochs(points), 0.5 + np.exp(-pace * np.linspace(0, 5, points))) is None


@pytest.mark.parametrize("points", [20, 50, 200])
def test_noise_around_a_level_hardly_ever_seems_to_turn(points):
    noise = 0.05 * np.random.default_rng(0).standard_normal((500, points))
    turned = [turning_point(epochs(points), 1 + each) for each in noise]
    assert sum(each is not None for each in turned) <= 5


@given(st.integers(0, 10_000))
def test_a_turn_is_found_under_noise(seed):
    turn, loss = valley(100, 0.4, depth=0.5)
    found = turning_point(epochs(100), loss + 0.005 * np.random.default_rng(seed).standard_normal(100))
    assert found is not None
    assert abs(found - turn) <= 8


@given(POINTS, st.floats(0, 0.6), st.floats(0.01, 100))
def test_neither_the_unit_of_the_loss_nor_that_of_time_matters(points, share, unit):
    _, loss = valley(points, share)
    assert turning_point(unit * epochs(points), unit * loss) == turning_point(epochs(points), loss)


def test_a_rise_that_nobody_would_stop_for_is_no_turn():
    _, loss = valley(100, 0.5, depth=0.02)
    assert turning_point(epochs(100), loss) is None


def test_few_points_cannot_tell():
    assert turning_point(epochs(4), np.array([2.0, 1.0, 2.0, 3.0])) is None


def test_the_course_of_a_config_is_read_at_the_turn_and_at_the_end():
    results = comparison()
    plain, decayed = (course(results, each) for each in results.compared)
    assert plain.turn.epoch == 50
    assert plain.turn.validation_loss == pytest.approx(0.7)
    assert plain.turn.train_accuracy == pytest.approx(1 - 0.8 * np.exp(-4))
    assert plain.turn.test_accuracy == pytest.approx(0.752 - 0.6 * np.exp(-4))  # .002 more with every run
    assert plain.end.validation_loss == pytest.approx(0.7 + 2 * 0.5**1.5)
    assert decayed.turn is None
    assert decayed.end.train_accuracy == pytest.approx(results.compared[1].train.mean)


def point(step, loss, test=0.5):
    return CurvePoint(0, step, step / 10, loss, 0.5, loss, 0.5, 0.1, test)


def curve(*points):
    return Curve(tuple(points), np.zeros((1, 8), dtype=np.bool_))


def test_a_band_holds_the_mean_the_smallest_and_the_largest_at_every_point():
    found = mean_band([curve(point(10, 1.0), point(20, 4.0)), curve(point(10, 3.0), point(20, 2.0))], "train_loss")
    assert found.steps.tolist() == [10, 20]
    assert found.epochs.tolist() == [1, 2]
    assert found.mean.tolist() == [2, 3]
    assert found.low.tolist() == [1, 2]
    assert found.high.tolist() == [3, 4]
    assert found.runs == 2


def test_a_run_that_ended_early_keeps_its_last_value():
    found = mean_band([curve(point(10, 1.0)), curve(point(10, 3.0), point(20, 2.0))], "validation_loss")
    assert found.mean.tolist() == [2, 1.5]


def test_points_without_a_test_accuracy_do_not_count():
    points = (point(10, 1.0, None), point(20, 1.0, 0.9))
    assert mean_band([curve(*points)], "test_accuracy").steps.tolist() == [20]
    assert mean_band([curve(points[0])], "test_accuracy") is None


def test_diverged_runs_are_counted_and_not_averaged():
    results = comparison(diverged=lambda config, run: config["weight_decay"] == 0.1 and run > 0)
    plain, decayed = results.compared
    assert diverged(plain) == ""
    assert diverged(decayed) == "2 of 3 runs diverged"
    assert band(results, decayed, "train_loss").runs == 1
    assert band(results, decayed, "train_loss").high.max() < 10


def test_where_all_runs_diverged_there_is_nothing_to_draw():
    results = comparison(definition(seeds=2), diverged=lambda config, run: True)
    assert diverged(results.compared[0]) == "diverged"
    assert band(results, results.compared[0], "train_loss") is None
    assert course(results, results.compared[0]) is None
