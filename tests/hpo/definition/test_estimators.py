"""What [trainer] says of an estimator or a pipeline, read without importing anything."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.estimators import EstimatorTrainer, Step
from hpo.storage.errors import UserError

RIDGE = "sklearn.linear_model:Ridge"
SCALE = {"name": "scale", "estimator": "sklearn.preprocessing:StandardScaler"}
STEPS = [SCALE, {"name": "model", "estimator": RIDGE}]
ALPHA = {"type": "float", "log": True, "start": [0.1, 1.0], "limits": [0.01, 10.0]}


def define(trainer: dict[str, Any], space: dict[str, Any] | None = None, **tables: Any) -> StudyDefinition:
    base = {
        "data": {"dataset": "own.npz"},
        "trainer": trainer,
        "space": {"alpha": ALPHA} if space is None else space,
        "rounds": [{"trials": 2, "samples": 20, "epochs": 5}],
    }
    return read_definition("own", base | tables)


def test_an_estimator_and_its_fixed_parameters_come_back_out_of_the_record():
    definition = define({"estimator": RIDGE, "parameters": {"fit_intercept": False}})
    assert definition.trainer == EstimatorTrainer((Step("", RIDGE),), {"fit_intercept": False})
    assert read_definition("own", definition.record()) == definition


def test_the_steps_of_a_pipeline_come_back_out_of_the_record():
    definition = define({"steps": STEPS, "advance": "nothing"}, {"model__alpha": ALPHA})
    assert isinstance(definition.trainer, EstimatorTrainer)
    assert [step.name for step in definition.trainer.steps] == ["scale", "model"]
    assert read_definition("own", definition.record()) == definition


def test_a_definition_imports_nothing():
    define({"estimator": "no_such_package_at_all.module:Class"})
    assert "no_such_package_at_all" not in sys.modules


@pytest.mark.parametrize(
    ("advance", "rungs"), [(None, False), ("nothing", False), ("partial_fit", True), ("n_estimators", True)]
)
def test_rungs_are_where_a_training_can_go_on_from_one(advance, rungs):
    trainer = {"estimator": RIDGE} | ({} if advance is None else {"advance": advance})
    assert define(trainer).abilities.rungs is rungs


def test_a_choice_that_is_a_table_sets_several_parameters():
    space = {"kind": {"type": "categorical", "choices": [{"alpha": 1.0, "solver": "svd"}, {"alpha": 2.0}]}}
    definition = define({"estimator": RIDGE}, space)
    config = definition.space.start()
    value = definition.space.hyperparameters["kind"].choices[0]
    assert definition.trainer.values({"kind": value}) == {"alpha": 1.0, "solver": "svd"}
    assert config


def test_names_that_mean_other_things_elsewhere_are_not_told_to_the_search():
    definition = define({"estimator": RIDGE, "parameters": {"learning_rate": "constant", "tol": 0.1}})
    assert definition.plain({"alpha": 0.5}) == {"tol": 0.1, "alpha": 0.5}


def test_scorers_are_to_be_maximized_without_saying_so():
    metric = define({"estimator": RIDGE}, metric={"name": "explained_variance"}).metric
    assert (metric.name, metric.direction, metric.is_share) == ("explained_variance", "maximize", False)
    assert define({"estimator": RIDGE}, metric="rmse").metric.direction == "minimize"


@pytest.mark.parametrize(
    ("trainer", "space", "message"),
    [
        ({"estimator": "Ridge"}, None, r"trainer.estimator = 'Ridge'; expected \"package.module:Class\""),
        ({"estimator": RIDGE, "parameter": {}}, None, "did you mean parameters?"),
        ({"estimator": RIDGE, "parameters": {"alpha": 1}}, None, "space.alpha and trainer.parameters both set alpha"),
        ({"estimator": RIDGE, "parameters": {"random_state": 1}}, None, "random_state is set by the seed"),
        ({"estimator": RIDGE, "parameters": {"a=b": 1}}, None, "'a=b' is no name of a parameter"),
        ({"estimator": RIDGE, "advance": "epochs"}, None, "trainer.advance = 'epochs'; it must be one of partial_fit"),
        ({"steps": STEPS}, None, r"alpha belongs to no step.* scale__..., model__..."),
        ({"steps": []}, None, "expected a list such as"),
        ({"steps": [SCALE, SCALE]}, None, "several steps are called 'scale'"),
        ({"steps": [{"estimator": RIDGE}]}, None, "trainer.steps.0.name is missing"),
        ({"steps": [{"name": "a__b", "estimator": RIDGE}]}, None, "in which no two underscores meet"),
        ({"steps": STEPS, "estimator": RIDGE}, None, "estimator and steps are there"),
    ],
)
def test_mistakes_are_named(trainer, space, message):
    with pytest.raises(UserError, match=message):
        define(trainer, space)


def test_how_an_estimator_goes_on_is_no_change_of_a_study_that_leaves_it_out():
    begun, now = define({"estimator": RIDGE, "advance": "nothing"}), define({"estimator": RIDGE})
    assert now.on_the_data_of(begun) == begun
    other = define({"estimator": "sklearn.linear_model:Lasso"})
    assert other.on_the_data_of(begun).trainer == other.trainer
