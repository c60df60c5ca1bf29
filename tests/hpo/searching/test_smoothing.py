"""Smoothing takes the luck off scores, and shares it among neighbours only."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from hpo.searching.smoothing import MOST, smoothed_scores
from hpo.searching.space import Box, Categorical, Interval
from hpo.searching.trials import TrialResult
from tests.support.builders import linear, log_scaled, result, space

PLANE = space(learning_rate=log_scaled((1e-4, 1.0)), dropout=linear((0.0, 0.5)))
CHOICE = space(learning_rate=log_scaled((1e-4, 1.0)), optimizer=Categorical(("sgd", "adam")))


def on_a_hill(n: int, noise: float, seed: int = 0) -> tuple[list[TrialResult], np.ndarray]:
    """Return trials that score a hill over the learning rate, with a cliff of divergence at .1, and what is true."""
    rng = np.random.default_rng(seed)
    places, dropouts = rng.uniform(-4, 0, n), rng.uniform(0, 0.5, n)
    truth = np.where(places > -1, 0.1, 0.9 - 0.1 * (places + 1.8) ** 2)
    scores = truth + noise * rng.standard_normal(n)
    return [
        result({"learning_rate": float(10**place), "dropout": float(dropout)}, float(score), i)
        for i, (place, dropout, score) in enumerate(zip(places, dropouts, scores, strict=True))
    ], truth


@pytest.mark.parametrize("seed", range(5))
def test_smoothed_scores_rank_the_better_half_more_truly_than_scores_do(seed):
    trials, truth = on_a_hill(60, noise=0.04, seed=seed)
    half = truth > np.median(truth)
    raw = spearmanr(np.array([trial.score for trial in trials])[half], truth[half])[0]
    smooth = spearmanr(smoothed_scores(PLANE, PLANE.limits(), trials)[half], truth[half])[0]
    assert smooth > max(raw, 0.7)


def test_without_noise_the_order_stays():
    trials, truth = on_a_hill(40, noise=0.0)
    order = np.argsort(smoothed_scores(PLANE, PLANE.limits(), trials))
    assert spearmanr(truth[order], np.arange(40))[0] > 0.99


def test_equal_configs_are_worth_the_same_and_one_of_another_choice_shares_nothing_with_them():
    scores = {("sgd", -2.0): [0.7, 0.5], ("sgd", -2.1): [0.62], ("sgd", -0.5): [0.2, 0.25], ("adam", -2.0): [0.1, 0.15]}
    trials = [
        result({"learning_rate": 10**place, "optimizer": name}, score, 10 * i + j)
        for i, ((name, place), several) in enumerate(scores.items())
        for j, score in enumerate(several)
    ]
    smooth = smoothed_scores(CHOICE, CHOICE.limits(), trials)
    assert smooth[0] == pytest.approx(smooth[1])
    assert smooth[5:].max() < smooth[:3].min() - 0.5, "the same learning rate of the other choice is as bad as it was"


def test_where_nothing_differs_no_trial_is_worth_more():
    trials = [result({"learning_rate": 10.0**-i, "dropout": 0.1}, 0.5, i) for i in range(4)]
    assert len(set(smoothed_scores(PLANE, PLANE.limits(), trials))) == 1
    assert smoothed_scores(PLANE, PLANE.limits(), []).shape == (0,)


def test_a_box_of_a_single_value_smooths_nothing_but_equal_configs():
    numbers = space(padding=linear((0, 3), integer=True))
    trials = [result({"padding": padding}, score, i) for i, (padding, score) in enumerate([(1, 0.2), (1, 0.4), (2, 1)])]
    first, second, third = smoothed_scores(numbers, Box({"padding": Interval(1, 1)}), trials)
    assert first == pytest.approx(second)
    assert third > first


def test_of_many_trials_a_part_says_what_all_are_worth():
    trials, truth = on_a_hill(4 * MOST, noise=0.04)
    smooth = smoothed_scores(PLANE, PLANE.limits(), trials)
    assert truth[smooth.argmax()] > 0.89
    assert spearmanr(smooth, truth)[0] > 0.95


def test_of_choices_alone_those_alike_are_worth_the_same():
    only = space(optimizer=Categorical(("sgd", "adam")))
    scores = [("sgd", 0.5), ("adam", 0.7), ("sgd", 0.6), ("adam", 0.9)]
    trials = [result({"optimizer": name}, score, i) for i, (name, score) in enumerate(scores)]
    smooth = smoothed_scores(only, only.limits(), trials)
    assert smooth[0] == pytest.approx(smooth[2])
    assert smooth[1] == pytest.approx(smooth[3])
    assert smooth[1] > smooth[0]
