"""What the bootstrap leaves of the best score: honest on average, repeatable, and nothing without luck."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.proof import bias_correction
from hpo.proof.bias_correction import corrected_bests


def searches(seeds, trials, images, accuracy):
    """Yield hits of `trials` networks with a known accuracy each, on images of different difficulty, and that truth."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        logits = np.log(accuracy / (1 - accuracy)) + 0.3 * rng.standard_normal((trials, 1))
        difficulty = 1.5 * rng.standard_normal(20_000)
        truth = (1 / (1 + np.exp(-logits + difficulty))).mean(axis=1)
        hits = rng.random((trials, images)) < 1 / (1 + np.exp(-logits + difficulty[:images]))
        yield hits, truth


def test_the_corrected_score_is_true_on_average_where_the_raw_one_flatters():
    raw, corrected = [], []
    for seed, (hits, truth) in enumerate(searches(range(150), trials=60, images=200, accuracy=0.7)):
        scores = hits.mean(axis=1)
        reached = truth[scores.argmax()]
        raw.append(scores.max() - reached)
        corrected.append(corrected_bests(hits, seed=seed, draws=100)[-1] - reached)
    assert abs(np.mean(corrected)) < 0.01
    assert np.mean(raw) > 0.02


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(2, 20), st.integers(0, 2**32), st.data())
def test_what_was_said_of_the_first_trials_stays_when_more_follow(trials, images, seed, data):
    hits = np.array(
        data.draw(st.lists(st.lists(st.booleans(), min_size=images, max_size=images), min_size=trials, max_size=trials))
    )
    whole = corrected_bests(hits, seed=seed, draws=20)
    assert ((whole >= 0) & (whole <= 1)).all()
    for n in range(1, len(hits) + 1):
        np.testing.assert_allclose(corrected_bests(hits[:n], seed=seed, draws=20), whole[:n], rtol=1e-12)


def test_it_is_what_a_plain_loop_over_draws_and_trials_finds():
    hits = np.random.default_rng(3).random((9, 40)) < 0.6
    rng, expected = np.random.default_rng(5), np.zeros((30, 9))
    for draw in range(30):
        left_out = np.flatnonzero(rng.random(40).argsort() < 12)
        drawn = np.setdiff1d(np.arange(40), left_out)
        for n in range(1, 10):
            best = max(range(n), key=lambda i: hits[i, drawn].sum())
            expected[draw, n - 1] = hits[best, left_out].mean()
    np.testing.assert_allclose(corrected_bests(hits, seed=5, draws=30), expected.mean(axis=0))


def test_a_single_trial_was_not_chosen_so_next_to_nothing_is_taken_off():
    hits = np.random.default_rng(0).random((1, 500)) < 0.8
    assert corrected_bests(hits, seed=0)[0] == pytest.approx(hits.mean(), abs=0.005)


def test_twins_have_no_luck_against_each_other():
    hits = np.random.default_rng(1).random(300) < 0.8
    alone, twins = corrected_bests(hits[None], seed=2), corrected_bests(np.tile(hits, (50, 1)), seed=2)
    np.testing.assert_allclose(twins, np.full(50, alone[0]))


def test_shares_of_groups_count_as_hits():
    groups = np.random.default_rng(2).random((3, 6, 80)) < 0.5
    mean = groups.mean(axis=0)
    assert corrected_bests(mean, seed=1)[0] == pytest.approx(mean[0].mean(), abs=0.03)
    assert (corrected_bests(mean, seed=1) == corrected_bests(mean.copy(), seed=1)).all()


def test_one_image_cannot_be_divided():
    with pytest.raises(ValueError, match="1 validation images cannot be divided"):
        corrected_bests(np.ones((3, 1)), seed=0)


def test_no_trials_have_no_best():
    assert corrected_bests(np.ones((0, 5)), seed=0).shape == (0,)


def test_of_very_many_trials_those_near_the_best_say_what_all_say(monkeypatch):
    # Six hundred trials that come to differ: whoever is best in a draw is among the hundred nearest to the best.
    rng = np.random.default_rng(4)
    hits = rng.random((600, 200)) < np.linspace(0.5, 0.8, 600)[rng.permutation(600), None]
    whole = corrected_bests(hits, seed=1)
    monkeypatch.setattr(bias_correction, "MOST", 100)
    np.testing.assert_allclose(corrected_bests(hits, seed=1), whole, atol=1e-9)


def test_the_first_trial_counts_however_many_better_ones_follow(monkeypatch):
    monkeypatch.setattr(bias_correction, "MOST", 5)
    hits = np.random.default_rng(4).random((50, 100)) < np.linspace(0.2, 0.9, 50)[:, None]
    assert corrected_bests(hits, seed=1)[0] == pytest.approx(corrected_bests(hits[:1], seed=1)[0])
