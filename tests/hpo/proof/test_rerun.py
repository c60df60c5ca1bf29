"""Fresh runs of configs that were chosen for their scores: which is best, what was luck, and what failed."""

from __future__ import annotations

import numpy as np
import pytest

from hpo.proof.rerun import rerun, shifted
from hpo.searching.metric import ACCURACY, Metric

LOSS = Metric("loss", "minimize", low=None, high=None, is_share=False)


def test_the_best_mean_is_used_and_luck_is_what_the_search_saw_beyond_it() -> None:
    found = rerun({3: 0.95, 7: 0.90}, {3: [0.80, 0.82, 0.81], 7: [0.90, 0.92, 0.91]}, ACCURACY)
    assert found.use is not None
    assert found.use.number == 7
    assert found.tied == (7,)
    assert found.highest.number == 3
    assert found.highest.luck == pytest.approx(0.14)
    assert found.use.luck == pytest.approx(-0.01)


def test_configs_within_their_noise_are_not_told_apart() -> None:
    found = rerun({1: 0.9, 2: 0.9}, {1: [0.80, 0.90, 0.85], 2: [0.86, 0.83, 0.88]}, ACCURACY)
    assert set(found.tied) == {1, 2}


def test_what_all_share_in_a_run_cancels() -> None:
    hard = np.array([0.0, 0.2, 0.1, 0.05])
    tiny = np.array([0.001, -0.001, 0.0, 0.001])
    found = rerun({1: 0.9, 2: 0.9}, {1: list(0.8 - hard), 2: list(0.79 - hard + tiny)}, ACCURACY)
    assert found.tied == (1,)


def test_a_config_that_fails_once_is_not_compared_though_its_other_runs_were_the_best() -> None:
    found = rerun({1: 0.9, 2: 0.8}, {1: [0.99, "it broke", 0.99], 2: [0.7, 0.71, 0.72]}, ACCURACY)
    assert found.tied == (2,)
    assert [each.number for each in found.racers] == [2, 1]
    assert found.racers[1].failures == [(1, "it broke")]


def test_where_all_failed_none_is_used() -> None:
    found = rerun({1: -0.2, 2: -0.3}, {1: ["a", "a"], 2: [-0.2, "b"]}, LOSS)
    assert found.use is None
    assert [each.number for each in found.racers] == [2, 1], "one with a score comes before one without"


def test_a_trainer_that_ignores_its_seed_is_noticed() -> None:
    assert rerun({1: 0.9, 2: 0.8}, {1: [0.8, 0.8], 2: [0.7, 0.7]}, ACCURACY).ignores_seeds
    assert not rerun({1: 0.9, 2: 0.8}, {1: [0.8, 0.8], 2: [0.7, 0.71]}, ACCURACY).ignores_seeds


def test_a_trainer_that_trains_otherwise_than_the_search_did_is_noticed() -> None:
    expected = {1: (0.88, 0.90), 2: (0.87, 0.89)}
    observed = {1: 0.92, 2: 0.9}
    assert shifted(rerun(observed, {1: [0.7, 0.71], 2: [0.72, 0.73]}, ACCURACY), expected, 0.01) == -1
    assert shifted(rerun(observed, {1: [0.95, 0.96], 2: [0.95, 0.96]}, ACCURACY), expected, 0.01) == 1
    assert shifted(rerun(observed, {1: [0.7, 0.71], 2: [0.88, 0.88]}, ACCURACY), expected, 0.01) == 0
    assert shifted(rerun(observed, {1: [0.87, 0.88], 2: [0.86, 0.87]}, ACCURACY), expected, 0.02) == 0, "noise"
    assert shifted(rerun(observed, {1: [0.7, 0.71], 2: ["it broke", "it broke"]}, ACCURACY), expected, 0.01) == 0
