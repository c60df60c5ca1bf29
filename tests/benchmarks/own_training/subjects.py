"""Three trainings of scikit-learn, each quick, each with another metric, as a user would write them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale
from sklearn.svm import SVR

import hpo

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Subject:
    """A training, as it is written for a search, and what its study file would say.

    load: examples and targets to tune on, then those of the test set. rungs: whether it can stop on the way.
    """

    name: str
    metric: str
    load: Callable[[], tuple[Any, Any, Any, Any]]
    train: Callable[[Config, Any], Any]
    space: Mapping[str, Mapping[str, Any]]
    samples: int
    epochs: int
    rungs: bool = True


def _parts(x: Any, y: Any, *, stratify: bool) -> tuple[Any, Any, Any, Any]:
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.2, random_state=0, stratify=y if stratify else None
    )
    return x_train, y_train, x_test, y_test


@functools.cache
def digits() -> tuple[Any, Any, Any, Any]:
    """Return 1,437 digits of 8 x 8 pixels, and 360 for the test."""
    x, y = load_digits(return_X_y=True)
    return _parts(x / 16, y, stratify=True)


@functools.cache
def cancer() -> tuple[Any, Any, Any, Any]:
    """Return 455 tumours, and 114 for the test."""
    x, y = load_breast_cancer(return_X_y=True)
    return _parts(scale(x), y, stratify=True)


@functools.cache
def diabetes() -> tuple[Any, Any, Any, Any]:
    """Return 353 patients, and 89 for the test."""
    x, y = load_diabetes(return_X_y=True)
    return _parts(scale(x), y, stratify=False)


def train_network(config: Config, run: Any) -> Any:
    """Train an MLP on digits."""
    x, y, x_test, y_test = digits()
    train, scores = run.split(len(x), labels=y)
    model = MLPClassifier(
        (20,), learning_rate_init=config["learning_rate"], alpha=config["alpha"], random_state=run.seed % 2**32
    )
    for epoch in range(run.epochs):
        model.partial_fit(x[train], y[train], classes=range(10))
        if 100 * (epoch + 1) // run.epochs in run.rungs:
            yield hpo.Score(model.score(x[scores], y[scores]), train=model.score(x[train], y[train]))
    if run.test_allowed:
        yield hpo.Test(model.score(x_test, y_test))


def train_trees(config: Config, run: Any) -> Any:
    """Train gradient boosting on tumours; an epoch is a tree."""
    x, y, x_test, y_test = cancer()
    train, scores = run.split(len(x), labels=y)
    model = GradientBoostingClassifier(
        n_estimators=1,
        learning_rate=config["learning_rate"],
        subsample=config["subsample"],
        max_depth=config["max_depth"],
        warm_start=True,
        random_state=run.seed % 2**32,
    )
    for percent in run.rungs:
        model.n_estimators = max(1, run.epochs * percent // 100)
        model.fit(x[train], y[train])
        yield hpo.Score(_auc(model, x[scores], y[scores]), train=_auc(model, x[train], y[train]))
    if run.test_allowed:
        yield hpo.Test(_auc(model, x_test, y_test))


def train_regression(config: Config, run: Any) -> Any:
    """Train a support vector regression on patients; it has no seed and no rungs."""
    x, y, x_test, y_test = diabetes()
    train, scores = run.split(len(x))
    model = SVR(C=config["C"], gamma=config["gamma"]).fit(x[train], y[train])
    yield hpo.Score(_rmse(model, x[scores], y[scores]), train=_rmse(model, x[train], y[train]))
    if run.test_allowed:
        yield hpo.Test(_rmse(model, x_test, y_test))


def _auc(model: Any, x: Any, y: Any) -> float:
    return float(roc_auc_score(y, model.predict_proba(x)[:, 1]))


def _rmse(model: Any, x: Any, y: Any) -> float:
    return float(np.sqrt(np.mean((model.predict(x) - y) ** 2)))


def _log(low: float, high: float, far: float = 100) -> dict[str, Any]:
    return {"log": True, "start": [low, high], "limits": [low / far, high * far]}


SUBJECTS = {
    each.name: each
    for each in (
        Subject(
            "digits_mlp",
            "accuracy",
            digits,
            train_network,
            {"learning_rate": _log(1e-4, 1e-1, 10), "alpha": _log(1e-5, 1.0)},
            samples=200,
            epochs=12,
        ),
        Subject(
            "cancer_trees",
            "auc",
            cancer,
            train_trees,
            {
                "learning_rate": {"log": True, "start": [1e-2, 1.0]},
                "subsample": {"start": [0.3, 1.0]},
                "max_depth": {"type": "int", "start": [1, 6]},
            },
            samples=120,
            epochs=20,
        ),
        Subject(
            "diabetes_svr",
            "rmse",
            diabetes,
            train_regression,
            {"C": _log(1e-1, 1e3), "gamma": _log(1e-4, 1e0)},
            samples=120,
            epochs=1,
            rungs=False,
        ),
    )
}
