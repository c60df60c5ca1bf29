"""More configs like a few: the same mean, spread and choices, always in the box, the same from the same seed."""

from collections import Counter

import numpy as np
import pytest

from hpo.searching.space import Box, Categorical, Interval, Numeric
from hpo.searching.spreading import more_like
from tests.support.builders import linear, log_scaled, space

SQUARE = space(x=linear((0.0, 1.0)), y=linear((0.0, 1.0)))
MIXED = space(
    learning_rate=log_scaled((1e-4, 1e-2), (1e-6, 10.0)),
    batch_size=Numeric(Interval(10, 40), Interval(10, 200), log=True, integer=True),
    optimizer=Categorical(("sgd", "adam", "adagrad")),
)


def points(configs) -> np.ndarray:
    return np.array([[config["x"], config["y"]] for config in configs])


def test_mean_spread_and_correlation_stay_what_they_are():
    rng = np.random.default_rng(0)
    x = 0.5 + 0.08 * rng.standard_normal(50)
    few = [{"x": float(a), "y": float(a + b)} for a, b in zip(x, 0.04 * rng.standard_normal(50), strict=True)]
    many = points(more_like(SQUARE, SQUARE.start(), few, 5000, seed=1))
    assert many.mean(axis=0) == pytest.approx(points(few).mean(axis=0), abs=0.01)
    assert many.std(axis=0) == pytest.approx(points(few).std(axis=0), rel=0.1)
    assert np.corrcoef(many.T)[0, 1] == pytest.approx(np.corrcoef(points(few).T)[0, 1], abs=0.05)
    assert len(np.unique(many, axis=0)) == 5000


def test_all_lie_in_the_box_and_have_its_types_and_choices_as_often_as_before():
    few = [
        {"learning_rate": 1e-4 if i % 2 else 1e-2, "batch_size": 10 + i, "optimizer": "sgd" if i % 4 else "adam"}
        for i in range(20)
    ]
    many = more_like(MIXED, MIXED.start(), few, 2000, seed=1)
    assert all(config in MIXED.start() for config in many)
    assert {type(config["batch_size"]) for config in many} == {int}
    assert all(list(config) == list(MIXED.hyperparameters) for config in many)
    counts = Counter(config["optimizer"] for config in many)
    assert counts.keys() == {"sgd", "adam"}
    assert counts["adam"] / 2000 == pytest.approx(0.25, abs=0.04)


def test_the_same_seed_gives_the_same_and_equal_ones_give_their_equals():
    one = Box({"x": Interval(0.3, 0.3), "y": Interval(0.0, 1.0)})
    few = [{"x": 0.3, "y": y} for y in (0.2, 0.4, 0.7)]
    assert more_like(SQUARE, one, few, 10, seed=1) == more_like(SQUARE, one, few, 10, seed=1)
    assert {config["x"] for config in more_like(SQUARE, one, few, 10, seed=1)} == {0.3}
    assert more_like(SQUARE, SQUARE.start(), few[:1], 4, seed=1) == [pytest.approx(few[0])] * 4


def test_of_choices_alone_it_draws_choices():
    choices = space(optimizer=Categorical(("sgd", "adam")))
    drawn = more_like(choices, choices.start(), [{"optimizer": "adam"}], 3, seed=1)
    assert drawn == [{"optimizer": "adam"}] * 3
