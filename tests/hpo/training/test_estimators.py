"""Estimators and pipelines of scikit-learn as trainers: seeds, rungs, encoding, scores."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, root_mean_squared_error

from hpo.storage.test_set import load_test
from hpo.training.cuts import Cut
from hpo.training.estimator_steps import made, with_encoding
from hpo.training.loading import locate_data
from hpo.training.protocol import TrainingFailedError
from tests.support.estimators import ALPHA, DEPTH, blobs, prepared, train
from tests.support.tables import houses, write

MLP = "sklearn.neural_network:MLPClassifier"
SGD = "sklearn.linear_model:SGDClassifier"
HIST = "sklearn.ensemble:HistGradientBoostingClassifier"
FOREST = "sklearn.ensemble:RandomForestClassifier"
BOOSTING = "sklearn.ensemble:GradientBoostingClassifier"
RIDGE = "sklearn.linear_model:Ridge"
SCALE = {"name": "scale", "estimator": "sklearn.preprocessing:StandardScaler"}

CASES = [
    ({"estimator": MLP}, ALPHA, {"alpha": 0.1}, "partial_fit"),
    ({"estimator": SGD}, ALPHA, {"alpha": 0.1}, "partial_fit"),
    ({"estimator": HIST}, DEPTH, {"max_depth": 2}, "max_iter"),
    ({"estimator": FOREST}, DEPTH, {"max_depth": 2}, "n_estimators"),
    ({"estimator": BOOSTING}, DEPTH, {"max_depth": 2}, "n_estimators"),
    ({"estimator": "sklearn.tree:DecisionTreeClassifier"}, DEPTH, {"max_depth": 2}, "nothing"),
    (
        {"steps": [SCALE, {"name": "m", "estimator": SGD}]},
        {"m__alpha": ALPHA["alpha"]},
        {"m__alpha": 0.1},
        "partial_fit",
    ),
]
NAMES = [case[0].get("estimator", "pipeline").rpartition(":")[2] for case in CASES]


@pytest.mark.parametrize(("trainer", "space", "config", "advance"), CASES, ids=NAMES)
def test_the_same_seed_gives_the_same_bits_however_often_it_is_paused(tmp_path, trainer, space, config, advance):
    definition, data, _ = prepared(trainer, {"dataset": blobs(tmp_path / "own.npz")}, space)
    assert definition.trainer.advance == advance
    *_, paused = train(definition, data, config)
    (at_once,) = train(definition, data, config, stops=(100,))
    assert (paused.value, paused.train) == (at_once.value, at_once.train)
    np.testing.assert_array_equal(paused.hits, at_once.hits)
    assert [point.value for point in paused.points] == [point.value for point in at_once.points]


@pytest.mark.parametrize("estimator", [MLP, SGD, FOREST])
def test_another_seed_gives_another_model(tmp_path, estimator):
    space = DEPTH if estimator == FOREST else ALPHA
    config = {"max_depth": 2} if estimator == FOREST else {"alpha": 0.1}
    definition, data, _ = prepared(
        {"estimator": estimator},
        {"dataset": blobs(tmp_path / "own.npz")},
        space,
        "log_loss" if estimator != SGD else None,
    )
    found = {train(definition, data, config, seed=seed)[-1].train for seed in range(5)}
    assert len(found) > 1


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (FOREST, RandomForestClassifier(n_estimators=8, max_depth=2)),
        (BOOSTING, GradientBoostingClassifier(n_estimators=8, max_depth=2)),
        (HIST, HistGradientBoostingClassifier(max_iter=8, max_depth=2)),
    ],
    ids=["forest", "boosting", "histogram"],
)
def test_rungs_end_with_the_model_that_is_fitted_in_one_go(tmp_path, path, model):
    definition, data, _ = prepared({"estimator": path}, {"dataset": blobs(tmp_path / "own.npz")}, DEPTH)
    last = train(definition, data, {"max_depth": 2})[-1]
    (x, y), (x_held, y_held) = data.arrays(Cut(60))
    seed = int(np.random.default_rng([1, 0]).integers(2**31))
    whole = clone(model).set_params(random_state=seed).fit(x, y)
    assert last.value == accuracy_score(y_held, whole.predict(x_held))
    np.testing.assert_array_equal(last.hits[0], whole.predict(x_held) == y_held)


def test_a_number_of_trees_that_the_study_gives_is_the_whole_training(tmp_path):
    trainer = {"estimator": FOREST, "parameters": {"n_estimators": 20}}
    definition, data, said = prepared(trainer, {"dataset": blobs(tmp_path / "own.npz")}, DEPTH)
    assert [point.step for point in train(definition, data, {"max_depth": 2})[-1].points] == [5, 10, 20]
    assert said == (
        "RandomForestClassifier is trained until it has n_estimators, which the study sets: epochs count nothing.",
    )


def test_passes_are_epochs_and_every_rung_is_a_point_of_the_curve(tmp_path):
    definition, data, said = prepared({"estimator": SGD}, {"dataset": blobs(tmp_path / "own.npz")}, ALPHA)
    points = train(definition, data, {"alpha": 0.1})[-1].points
    assert [point.step for point in points] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert said == ("SGDClassifier is trained by partial_fit: an epoch is a pass over the training examples.",)


def test_a_single_pass_has_rungs_too(tmp_path):
    definition, data, _ = prepared({"estimator": SGD}, {"dataset": blobs(tmp_path / "own.npz")}, ALPHA)
    assert [score.points[-1].step for score in train(definition, data, {"alpha": 0.1}, epochs=1)] == [1, 2, 4]


def test_a_solver_without_partial_fit_is_trained_to_its_end_at_the_first_rung(tmp_path):
    space = {"solver": {"type": "categorical", "choices": ["adam", "lbfgs"]}}
    definition, data, _ = prepared({"estimator": MLP}, {"dataset": blobs(tmp_path / "own.npz")}, space)
    scores = train(definition, data, {"solver": "lbfgs"})
    assert len({score.value for score in scores}) == 1


def test_groups_are_trained_apart_and_their_mean_is_the_value(tmp_path):
    definition, data, _ = prepared(
        {"estimator": RIDGE}, {"dataset": blobs(tmp_path / "o.npz", amounts=True)}, ALPHA, "rmse"
    )
    score = train(definition, data, {"alpha": 1.0}, groups=2)[-1]
    values = []
    for group in range(2):
        (x, y), (x_held, y_held) = data.arrays(Cut(60, group))
        values.append(root_mean_squared_error(y_held, Ridge(alpha=1.0).fit(x, y).predict(x_held)))
    assert score.value == pytest.approx(np.mean(values))
    assert score.hits is None
    assert {point.group for point in score.points} == {0, 1}


def test_the_test_set_is_opened_at_the_end_and_once(tmp_path):
    definition, data, _ = prepared({"estimator": SGD}, {"dataset": blobs(tmp_path / "own.npz")}, ALPHA)
    opened = []

    def open_test():
        opened.append(True)
        return load_test(locate_data(definition, announce=print), data.part)

    scores = train(definition, data, {"alpha": 0.1}, open_test=open_test)
    assert [score.test is None for score in scores] == [True, True, False]
    assert 0.5 < scores[-1].test <= 1
    assert len(opened) == 1


def table(folder, **fields):
    frame = houses(200)
    frame.loc[3:20, "area"] = np.nan
    frame.loc[7:9, "town"] = None
    return {"dataset": str(write(frame, folder / "houses.csv")), **fields}


@pytest.mark.parametrize(
    ("trainer", "space", "config"),
    [
        ({"estimator": RIDGE}, ALPHA, {"alpha": 1.0}),
        ({"estimator": "sklearn.ensemble:HistGradientBoostingRegressor"}, DEPTH, {"max_depth": 3}),
        (
            {"steps": [SCALE, {"name": "model", "estimator": "sklearn.neighbors:KNeighborsRegressor"}]},
            {"model__n_neighbors": {"type": "int", "start": [2, 8], "limits": [1, 20]}},
            {"model__n_neighbors": 4},
        ),
    ],
    ids=["ridge", "histogram boosting", "scaled neighbours"],
)
def test_categories_and_missing_values_are_encoded_where_an_estimator_does_not_take_them(
    tmp_path, trainer, space, config
):
    definition, data, _ = prepared(trainer, table(tmp_path, target="price", ignore=["sold"]), space, "rmse")
    score = train(definition, data, config, epochs=60)[-1]
    assert score.value < 0.8 * data.chance


def test_an_imputer_of_the_users_own_is_left_its_work(tmp_path):
    steps = [{"name": "fill", "estimator": "sklearn.impute:KNNImputer"}, {"name": "model", "estimator": RIDGE}]
    fields = {"target": "price", "ignore": ["sold", "town"]}
    definition, data, _ = prepared(
        {"steps": steps}, table(tmp_path, **fields), {"model__alpha": ALPHA["alpha"]}, "rmse"
    )
    found = with_encoding(made(definition.trainer, {}), data.part.x, gaps=True)
    assert [type(each).__name__ for each in found] == ["KNNImputer", "Ridge"]
    assert np.isfinite(train(definition, data, {"model__alpha": 1.0})[-1].value)


def test_classes_that_the_scored_examples_lack_do_not_stop_auc_and_log_loss(tmp_path):
    for metric in ("auc", "log_loss"):
        path = blobs(tmp_path / f"{metric}.npz", classes=12)
        definition, data, _ = prepared(
            {"estimator": FOREST}, {"dataset": path, "holdout": 20, "validation": 10}, DEPTH, metric
        )
        assert len(np.unique(data.arrays(Cut(60))[1][1])) < 12
        assert np.isfinite(train(definition, data, {"max_depth": 3})[-1].value)


def test_what_an_estimator_raises_is_the_reason_of_the_trial(tmp_path):
    space = {"kernel": {"type": "categorical", "choices": ["rbf", "precomputed"]}}
    definition, data, _ = prepared({"estimator": "sklearn.svm:SVC"}, {"dataset": blobs(tmp_path / "own.npz")}, space)
    with pytest.raises(TrainingFailedError, match=r"^ValueError: Precomputed") as caught:
        train(definition, data, {"kernel": "precomputed"})
    assert "Traceback" in caught.value.details


def test_images_that_are_known_by_name_are_taken_as_rows_of_pixels():
    definition, data, _ = prepared({"estimator": SGD}, {"dataset": "mnist"}, ALPHA)
    score = train(definition, data, {"alpha": 0.1}, stops=(100,))[-1]
    assert score.hits.shape == (1, len(data.split.validation(data.settings.validation)))
    assert score.value > 2 * data.chance


def test_what_stops_early_by_itself_is_trained_in_one_go(tmp_path):
    space = {"early_stopping": {"type": "categorical", "choices": [True, False]}}
    definition, data, _ = prepared({"estimator": SGD}, {"dataset": blobs(tmp_path / "own.npz")}, space)
    assert definition.trainer.advance == "partial_fit"
    scores = train(definition, data, {"early_stopping": True})
    assert [score.points[-1].step for score in scores] == [1, 1, 1]
    assert len({score.value for score in scores}) == 1
    trainer = {"estimator": SGD, "parameters": {"early_stopping": True}}
    assert prepared(trainer, {"dataset": blobs(tmp_path / "own.npz")}, ALPHA)[0].trainer.advance == "nothing"


def test_a_fixed_parameter_may_be_an_estimator_whose_own_are_searched(tmp_path):
    parameters = {"estimator": "sklearn.tree:DecisionTreeClassifier", "n_estimators": 5}
    trainer = {"estimator": "sklearn.ensemble:BaggingClassifier", "parameters": parameters}
    space = {"estimator__max_depth": DEPTH["max_depth"]}
    definition, data, _ = prepared(trainer, {"dataset": blobs(tmp_path / "own.npz")}, space)
    (_, model) = made(definition.trainer, definition.trainer.values({"estimator__max_depth": 3}))[0]
    assert model.estimator.max_depth == 3
    assert train(definition, data, {"estimator__max_depth": 3})[-1].value > data.chance


def test_a_trial_never_names_a_class_that_is_imported(tmp_path):
    trainer = {"estimator": "sklearn.ensemble:BaggingClassifier"}
    space = {"n_estimators": DEPTH["max_depth"]}
    definition, _, _ = prepared(trainer, {"dataset": blobs(tmp_path / "own.npz")}, space)
    (_, model) = made(definition.trainer, {"estimator": "sklearn.tree:DecisionTreeClassifier"})[0]
    assert model.estimator == "sklearn.tree:DecisionTreeClassifier"
