"""Intervals of metrics in either direction: cut where there are bounds, and read in the metric's own units."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpo.proof.estimates import Estimate, estimate, estimate_difference
from hpo.proof.final_runs import full_results
from hpo.proof.racing import race
from hpo.searching.metric import ACCURACY, KNOWN, Metric
from tests.support.builders import final_run

RMSE = Metric("rmse", **KNOWN["rmse"])
REWARD = Metric("reward", **KNOWN["reward"])
ERRORS = Metric("error_rate", **KNOWN["error_rate"])
AUC = Metric("auc", **KNOWN["auc"])


def test_an_interval_is_cut_only_where_the_metric_has_a_bound() -> None:
    wide = [-0.1, -3.0]
    assert estimate(wide, REWARD).high > 0
    assert estimate(wide, RMSE).high == 0.0
    assert estimate(wide, RMSE).low < -3.0
    assert estimate([-0.999, -0.9], ERRORS).low == -1.0


def test_only_shares_have_the_long_tail_of_bad_luck() -> None:
    scores = [0.70, 0.71, 0.72, 0.73]
    share, other = estimate(scores, ACCURACY), estimate(scores, AUC)
    assert share == estimate(scores)
    assert share.mean - share.low > share.high - share.mean
    assert other.mean - other.low == pytest.approx(other.high - other.mean)
    assert other == estimate(scores, REWARD)


def test_in_its_own_units_the_interval_of_a_loss_stands_the_right_way_round() -> None:
    found = estimate([-3.0, -2.0, -2.5], RMSE).in_units(RMSE)
    assert (found.mean, found.runs) == (2.5, 3)
    assert found.low < 2.5 < found.high
    assert math.copysign(1, Estimate(0.0, 0.0, 0.0, 2).in_units(RMSE).low) == 1
    better = estimate_difference([0.2, 0.3]).in_units(RMSE)
    assert (better.mean, better.low < better.high) == (-0.25, True)
    kept = estimate([0.2, 0.3])
    assert kept.in_units(ACCURACY) is kept


def test_the_interval_of_equal_tails_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    found = [estimate(rng.normal(-2, 0.3, 5).tolist(), RMSE) for _ in range(4000)]
    assert 0.885 < np.mean([each.low <= -2 <= each.high for each in found]) < 0.915


@pytest.mark.parametrize(
    ("metric", "train", "test", "flagged"),
    [
        (ACCURACY, 0.9, 0.8, True),
        (ACCURACY, 0.84, 0.8, False),
        (ERRORS, -0.1, -0.2, True),
        (AUC, 0.9, 0.8, True),
        (RMSE, -1.0, -9.0, False),
    ],
)
def test_a_large_gap_is_flagged_where_bounds_say_what_is_large(
    metric: Metric, train: float, test: float, flagged: bool
) -> None:
    run = final_run("full", (1, 0), 0, test, train_accuracy=train, test_accuracy=test)
    (found,) = full_results([run], metric=metric)
    assert found.gap == pytest.approx(train - test)
    assert found.overfits is flagged


def test_a_config_that_fails_again_and_again_leaves_a_race_that_has_no_worst_score() -> None:
    rng = np.random.default_rng(0)
    keys = [(1, i) for i in range(4)]
    scores = {key: dict(enumerate(-2 - 0.1 * rng.random(3))) for key in keys[:3]}
    scores[1, 3] = dict.fromkeys(range(3), -math.inf)
    assert (1, 3) not in race(keys, scores, 3, 4, RMSE).left
    assert set(race(keys, scores, 3, 4, RMSE).left) == set(keys[:3])


def test_one_absurd_run_does_not_make_everybody_equal() -> None:
    rng = np.random.default_rng(0)
    keys = [(1, i) for i in range(4)]
    means = (-1.0, -1.02, -4.0, -4.0)
    scores = {key: dict(enumerate(mean - 0.1 * rng.random(4))) for key, mean in zip(keys, means, strict=True)}
    assert not {(1, 2), (1, 3)} & set(race(keys, scores, 4, 4, RMSE).left)
    scores[1, 3][1] = -1e30
    assert not {(1, 2), (1, 3)} & set(race(keys, scores, 4, 4, RMSE).left)
    assert len(race(keys, scores, 4, 4).left) > 2


def test_in_a_race_where_everything_fails_nobody_is_worse() -> None:
    keys = [(1, 0), (1, 1)]
    assert race(keys, {key: {0: -math.inf, 1: -math.inf} for key in keys}, 2, 2, RMSE).left == tuple(keys)
