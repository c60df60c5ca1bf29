"""What guessing scores: the best that a prediction reaches which is the same for every example."""

import math

import numpy as np
import pytest

from hpo.searching.guessing import guess
from hpo.searching.metric import KNOWN, Metric

LABELS = np.array([0, 0, 0, 1])
AMOUNTS = np.array([1.0, 2.0, 3.0, 10.0])


def metric(name: str, **fields: object) -> Metric:
    return Metric(name, **{**KNOWN.get(name, {"low": None, "high": None, "is_share": False}), **fields})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", 0.75),
        ("error_rate", 0.25),
        ("balanced_accuracy", 0.5),
        ("log_loss", -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))),
        ("average_precision", 0.25),
        ("auc", 0.5),
        ("f1", None),
        ("reward", None),
        ("rmse", None),
    ],
)
def test_of_classes_the_commonest_is_guessed(name, expected):
    assert guess(metric(name), LABELS, 2) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("rmse", AMOUNTS.std()), ("mse", AMOUNTS.var()), ("mae", 2.5), ("r2", 0.0), ("accuracy", None), ("loss", None)],
)
def test_of_amounts_the_mean_or_the_median_is_guessed(name, expected):
    assert guess(metric(name), AMOUNTS, 0) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("name", ["rmse", "mse", "mae"])
def test_no_constant_prediction_does_better(name):
    loss = {
        "rmse": lambda error: np.sqrt((error**2).mean()),
        "mse": lambda error: (error**2).mean(),
        "mae": lambda error: np.abs(error).mean(),
    }[name]
    best = min(loss(AMOUNTS - constant) for constant in np.linspace(0, 11, 1101))
    assert guess(metric(name), AMOUNTS, 0) == pytest.approx(best, abs=1e-4)


def test_what_the_metric_declares_holds():
    assert guess(metric("reward", guess=-200.0), AMOUNTS, 0) == -200.0


def test_classes_that_do_not_occur_are_not_counted():
    assert guess(metric("balanced_accuracy"), LABELS, 5) == 0.5
    assert guess(metric("log_loss"), np.array([0, 2]), 3) == pytest.approx(math.log(2))
