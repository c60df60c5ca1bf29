import numpy as np
import pytest

from hpo.racing import not_told_apart

RACE = {(1, 0): [0.90, 0.88, 0.92], (1, 1): [0.88, 0.87, 0.89], (1, 2): [0.80, 0.82, 0.78]}
"""Means .90, .88 and .80. What config and run do not explain: 0, -1/60, 1/60; 0, -1/150, 1/150; 0, 7/300, -7/300. Its
squares sum to .0017333, so with 4 degrees of freedom s = .020817, and against two rivals d is 1.9629: the
margin is d s sqrt(2/3) = 1.9629 * .016997 = .033363."""


def shifted(key: tuple[int, int], by: float) -> dict[tuple[int, int], list[float]]:
    return RACE | {key: [score + by for score in RACE[key]]}


def test_a_race_keeps_what_lies_within_dunnetts_margin_of_its_best():
    assert not_told_apart(RACE) == [(1, 0), (1, 1)]
    assert not_told_apart(shifted((1, 1), 0.02 - 0.0333)) == [(1, 0), (1, 1)]
    assert not_told_apart(shifted((1, 1), 0.02 - 0.0334)) == [(1, 0)]


def test_a_race_is_led_by_the_best_mean():
    assert not_told_apart(shifted((1, 1), 0.03)) == [(1, 1), (1, 0)]


def test_what_all_configs_have_in_common_in_a_run_does_not_blur_a_race():
    harder = {key: [a, b - 0.3, c - 0.5] for key, (a, b, c) in RACE.items()}
    assert not_told_apart(harder) == not_told_apart(RACE)


def test_one_config_or_one_run_is_never_told_apart():
    assert not_told_apart({(2, 3): [0.5, 0.6]}) == [(2, 3)]
    assert not_told_apart({(1, 0): [0.1], (1, 1): [0.9]}) == [(1, 1), (1, 0)]


def test_configs_that_score_the_same_in_every_run_are_all_kept_earlier_first():
    assert not_told_apart({(2, 0): [0.5, 0.6], (1, 7): [0.5, 0.6]}) == [(1, 7), (2, 0)]


def raced(rng: np.random.Generator, means: list[float], runs: int) -> list[int]:
    """Return which of the configs with these true means (noise sd 1, runs differ by sd 3) one race keeps."""
    table = np.array(means)[:, None] + rng.normal(0, 1, (len(means), runs)) + rng.normal(0, 3, runs)
    return [index for _, index in not_told_apart({(1, i): row.tolist() for i, row in enumerate(table)})]


@pytest.mark.parametrize(("k", "runs"), [(2, 2), (5, 3), (8, 4)])
def test_each_of_equal_configs_stays_in_nine_of_ten_races(k, runs):
    # That the best stays is exact where all are equal; with k configs in a race, .9 is known to .0055.
    rng = np.random.default_rng([k, runs])
    kept = [len(raced(rng, [0.0] * k, runs)) for _ in range(3000)]
    assert np.mean(kept) / k == pytest.approx(0.90, abs=0.015)


@pytest.mark.parametrize("behind", [[0.2] * 4, [0.5, 1, 2, 3], [0, 0, 3, 9]])
def test_the_best_stays_in_nine_of_ten_races_wherever_the_others_are(behind):
    rng = np.random.default_rng(0)
    assert np.mean([0 in raced(rng, [0.0, *(-b for b in behind)], 3) for _ in range(2000)]) >= 0.89


def test_the_best_stays_where_runs_have_a_long_tail_of_bad_luck():
    rng = np.random.default_rng(0)
    tables = 1.4 - rng.gamma(2, 0.7, (2000, 5, 3))  # skewness -1.4: a run that got stuck
    lists = [not_told_apart({(1, i): row.tolist() for i, row in enumerate(table)}) for table in tables]
    assert np.mean([(1, 0) in kept for kept in lists]) >= 0.90


def test_a_race_usually_drops_what_is_clearly_worse():
    # Measured over 4000 races: of four that are worse by three standard deviations, 7 % are kept.
    rng = np.random.default_rng(0)
    assert np.mean([len(raced(rng, [3.0, 0, 0, 0, 0], 3)) - 1 for _ in range(1000)]) / 4 < 0.12
