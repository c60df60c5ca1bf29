import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.proof.racing import EARLY, Race, not_told_apart, race
from hpo.searching.trials import Key

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
    # That the best stays is exact where all are equal; two standard errors over 2,000 races are .013 at most.
    rng = np.random.default_rng([k, runs])
    kept = [len(raced(rng, [0.0] * k, runs)) for _ in range(2000)]
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


CONFIGS: list[Key] = [(1, 0), (1, 1), (1, 2)]
CLOSE = {(1, 0): [0.90, 0.88, 0.92, 0.90], (1, 1): [0.89, 0.88, 0.91, 0.91], (1, 2): [0.30, 0.29, 0.31, 0.30]}
"""The last is far behind, and the noise is small."""


def complete(runs: int, table: dict[Key, list[float]] = CLOSE) -> dict[Key, dict[int, float]]:
    return {key: dict(enumerate(row[:runs])) for key, row in table.items()}


def test_a_race_begins_with_two_runs_of_all_and_says_nothing_before_they_are_over():
    for scores in ({}, complete(1), {key: {1: 0.5} for key in CONFIGS}, complete(2) | {(1, 1): {1: 0.88}}):
        assert race(CONFIGS, scores, 4, 3) == Race((tuple(CONFIGS),) * 2, ())


def test_what_is_clearly_worse_leaves_after_its_second_run_and_the_rest_race_to_the_end():
    two = ((1, 0), (1, 1))
    assert race(CONFIGS, complete(2), 4, 3).heats == (tuple(CONFIGS), tuple(CONFIGS), two)
    assert race(CONFIGS, complete(4), 4, 3) == Race((tuple(CONFIGS), tuple(CONFIGS), two, two), two)


def test_a_race_with_one_config_left_is_over():
    table = {(1, 0): [0.90, 0.90], (1, 1): [0.50, 0.51], (1, 2): [0.30, 0.31]}
    assert race(CONFIGS, complete(2, table), 9, 3) == Race((tuple(CONFIGS),) * 2, ((1, 0),))


def test_the_best_take_the_places_and_the_others_are_crowded_out_and_not_called_worse():
    alike = {(1, 0): [0.90, 0.88, 0.9], (1, 1): [0.89, 0.91, 0.9], (1, 2): [0.90, 0.91, 0.9]}
    two, crowded_out = ((1, 1), (1, 2)), ((1, 0),)
    assert race(CONFIGS, complete(2, alike), 3, 2) == Race((tuple(CONFIGS), tuple(CONFIGS), two), ())
    over = race(CONFIGS, complete(3, alike), 3, 2)
    assert (set(over.left), over.crowded_out) == (set(two), crowded_out)
    both = race(CONFIGS, complete(2, alike | {(1, 0): [0.5, 0.5]}), 2, 1)
    assert (both.left, both.crowded_out) == (((1, 2),), ((1, 1),))


def test_without_a_config_there_is_no_race():
    assert race([], {}, 3, 3) == Race((), ())


def test_a_race_of_two_runs_is_judged_once_with_all_of_the_error():
    rows = {(1, 0): [0.90, 0.88], (1, 1): [0.88, 0.87], (1, 2): [0.80, 0.83]}
    assert list(race(CONFIGS, complete(2, rows), 2, 3).left) == not_told_apart(rows)


@settings(deadline=None)  # a critical value takes a while the first time
@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=5), st.randoms())
def test_a_race_depends_on_no_order_and_what_it_asked_for_it_goes_on_asking_for(rows, random):
    keys: list[Key] = [(1, i) for i in range(len(rows))]
    scores: dict[Key, dict[int, float]] = {key: {} for key in keys}
    seen = [race(keys, scores, 4, 3)]
    while not seen[-1].left:
        wanted = [(key, run) for run, heat in enumerate(seen[-1].heats) for key in heat if run not in scores[key]]
        key, run = random.choice(wanted)
        scores[key][run] = rows[key[1]][run]
        seen.append(race(keys, scores, 4, 3))
        assert seen[-1].heats[: len(seen[-2].heats)] == seen[-2].heats
    assert seen[-1] == race(keys, {key: dict(enumerate(rows[key[1]])) for key in keys}, 4, 3)


@pytest.mark.parametrize(
    ("means", "skewed"), [([0.0] * 6, False), ([0.0] * 6, True), ([0.0, -0.3, -0.6, -1.0, -2.0, -4.0], False)]
)
def test_the_best_leaves_a_race_early_in_two_of_a_hundred_and_is_missing_in_the_end_in_ten(means, skewed):
    # Measured over 6,000 races of six equal configs: early 1.6 %, in the end 8.3 %; fewer where they differ or where
    # runs have a long tail of bad luck (skewness -1.4).
    rng = np.random.default_rng(0)
    shape = (800, len(means), 4)
    noise = 1.4 - rng.gamma(2, 0.7, shape) if skewed else rng.standard_normal(shape)
    tables = np.array(means)[:, None] + noise + rng.normal(0, 3, (800, 1, 4))
    keys: list[Key] = [(1, i) for i in range(len(means))]
    over = [race(keys, complete(4, dict(zip(keys, table.tolist(), strict=True))), 4, len(means)) for table in tables]
    assert np.mean([any(keys[0] not in heat for heat in each.heats) for each in over]) <= EARLY + 0.011
    assert np.mean([keys[0] in each.left for each in over]) >= 0.89
