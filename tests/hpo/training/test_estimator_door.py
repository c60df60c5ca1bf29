"""What is refused before a study with an estimator begins, and what is said."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.linear_model import LogisticRegression

from hpo.storage.errors import UserError
from hpo.training import estimator_steps
from hpo.training.scorers import scorer
from tests.support.estimators import ALPHA, DEPTH, blobs, prepared, train

RIDGE = "sklearn.linear_model:Ridge"
LOGISTIC = "sklearn.linear_model:LogisticRegression"
SGD = "sklearn.linear_model:SGDClassifier"
FOREST = "sklearn.ensemble:RandomForestClassifier"
SCALE = {"name": "scale", "estimator": "sklearn.preprocessing:StandardScaler"}
C = {"C": {"type": "float", "log": True, "start": [0.1, 1.0], "limits": [0.01, 10.0]}}


@pytest.mark.parametrize(
    ("trainer", "space", "message"),
    [
        (
            {"estimator": "sklearn.ensemble:RandomForrest"},
            DEPTH,
            "has no class 'RandomForrest'; did you mean RandomForest",
        ),
        ({"estimator": "sklearn.esemble:RandomForestClassifier"}, DEPTH, "did you mean sklearn.ensemble?"),
        ({"estimator": "no_such_package:Model"}, DEPTH, "the package no_such_package is not installed"),
        ({"estimator": "pathlib:Path"}, DEPTH, "is no estimator: it lacks fit or get_params"),
        ({"estimator": FOREST}, {"max_deph": DEPTH["max_depth"]}, "no parameter 'max_deph'; did you mean max_depth?"),
        ({"estimator": FOREST, "parameters": {"max_deph": 3}}, DEPTH, "did you mean max_depth?"),
        ({"estimator": FOREST, "parameters": {"criterion": "entropie"}}, DEPTH, "trainer.parameters: The 'criterion'"),
        ({"estimator": LOGISTIC}, {"C": {**C["C"], "log": False, "limits": [-1, 10]}}, r"space.C: The 'C' parameter"),
        (
            {"estimator": "sklearn.ensemble:RandomForestRegressor"},
            DEPTH,
            "predicts numbers, and the target holds classes",
        ),
        (
            {"estimator": SCALE["estimator"]},
            {"with_mean": {"type": "categorical", "choices": [True, False]}},
            "predicts nothing",
        ),
        (
            {"steps": [{"name": "a", "estimator": LOGISTIC}, {"name": "b", "estimator": LOGISTIC}]},
            {"b__C": C["C"]},
            "a is LogisticRegression, which transforms nothing",
        ),
        ({"estimator": LOGISTIC, "advance": "partial_fit"}, C, "LogisticRegression has none"),
        ({"estimator": LOGISTIC, "advance": "n_estimators"}, C, "lacks n_estimators or warm_start"),
    ],
)
def test_mistakes_about_an_estimator_are_named_with_the_way_out(tmp_path, trainer, space, message):
    with pytest.raises(UserError, match=message):
        prepared(trainer, {"dataset": blobs(tmp_path / "own.npz")}, space)


@pytest.mark.parametrize(
    ("estimator", "amounts", "metric", "message"),
    [
        (
            RIDGE,
            True,
            None,
            'metric = "accuracy" is for a classification, and the target makes this a regression; take',
        ),
        (RIDGE, True, "auc", "take one of rmse, mse, mae, r2"),
        (LOGISTIC, False, "rmse", "the target makes this a classification"),
        ("sklearn.svm:LinearSVC", False, "log_loss", "LinearSVC has no predict_proba"),
        ("sklearn.svm:LinearSVC", False, "auc", "LinearSVC has no predict_proba"),
        (RIDGE, True, "explained_varience", "is no scorer of scikit-learn"),
        (RIDGE, True, {"name": "explained_variance", "direction": "minimize"}, 'direction = "maximize"'),
        (LOGISTIC, True, "rmse", "tells classes apart, and the target holds numbers"),
    ],
)
def test_a_metric_that_does_not_fit_is_refused(tmp_path, estimator, amounts, metric, message):
    space = ALPHA if estimator == RIDGE else C
    with pytest.raises(UserError, match=message):
        prepared({"estimator": estimator}, {"dataset": blobs(tmp_path / "own.npz", amounts=amounts)}, space, metric)


@pytest.mark.parametrize(
    "metric",
    ["accuracy", "balanced_accuracy", "f1", "auc", "log_loss", "error_rate", "matthews_corrcoef", "neg_log_loss"],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_every_metric_of_classes_has_its_own_sign(tmp_path, metric, classes):
    _, data, _ = prepared({"estimator": LOGISTIC}, {"dataset": blobs(tmp_path / "o.npz", classes=classes)}, C, metric)
    x, y = data.part.x, data.part.y
    good = scorer(data.metric, "classification", classes)(LogisticRegression().fit(x, y), x, y)
    bad = scorer(data.metric, "classification", classes)(LogisticRegression().fit(x, np.roll(y, 1)), x, y)
    assert data.metric.score(good) > data.metric.score(bad)
    assert (good < 0) == (metric == "neg_log_loss")


def test_what_is_not_installed_is_told_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setattr(estimator_steps, "find_spec", lambda name: None)
    with pytest.raises(
        UserError, match=r"needs scikit-learn, which is not installed; pip install 'hpo-service\[sklearn\]'"
    ):
        estimator_steps.estimator_class(RIDGE)


def test_what_a_space_fixes_counts_as_a_parameter(tmp_path):
    data = {"dataset": blobs(tmp_path / "own.npz")}
    space = {**C, "probability": {"value": True}}
    prepared({"estimator": "sklearn.svm:SVC"}, data, space, "log_loss")
    with pytest.raises(UserError, match="SVC has no predict_proba"):
        prepared({"estimator": "sklearn.svm:SVC"}, data, C, "log_loss")
    with pytest.raises(UserError, match="no parameter 'kernal'; did you mean kernel"):
        prepared({"estimator": "sklearn.svm:SVC"}, data, {**C, "kernal": {"value": "rbf"}})


def test_conditional_hyperparameters_and_none_go_through(tmp_path):
    space = {
        "penalty": {"type": "categorical", "choices": ["l2", "elasticnet"], "or_none": True},
        "l1_ratio": {"type": "float", "start": [0.0, 1.0], "when": {"penalty": ["elasticnet"]}},
    }
    definition, data, _ = prepared({"estimator": SGD}, {"dataset": blobs(tmp_path / "own.npz")}, space)
    for config in ({"penalty": None}, {"penalty": "elasticnet", "l1_ratio": 0.5}):
        assert train(definition, data, config)[-1].value > data.chance
