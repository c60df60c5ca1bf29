"""The code to copy makes the estimator that was trained."""

from __future__ import annotations

import pytest

from hpo.definition.trainers.estimator_code import estimator_code
from hpo.definition.trainers.estimators import EstimatorTrainer, read_estimator
from hpo.training.estimator_steps import made

FOREST = "sklearn.ensemble:RandomForestClassifier"
MLP = "sklearn.neural_network:MLPClassifier"
SCALE = {"name": "scale", "estimator": "sklearn.preprocessing:StandardScaler"}


def read(**table: object) -> EstimatorTrainer:
    return read_estimator(table)


def test_an_estimator_has_its_values_and_the_trees_it_was_trained_for():
    trainer = read(estimator=FOREST, parameters={"criterion": "entropy"}, advance="n_estimators")
    assert estimator_code(trainer, {"max_depth": 3}, 50) == (
        "from sklearn.ensemble import RandomForestClassifier\n"
        "\n"
        "model = RandomForestClassifier(criterion='entropy', max_depth=3, n_estimators=50)"
    )


def test_trees_that_the_study_gives_are_those():
    trainer = read(estimator=FOREST, advance="n_estimators")
    assert "n_estimators=9)" in estimator_code(trainer, {"n_estimators": 9}, 50)


def test_a_pipeline_has_its_steps_in_order_and_passes_are_told():
    trainer = read(steps=[SCALE, {"name": "mlp", "estimator": MLP}], advance="partial_fit")
    assert estimator_code(trainer, {"mlp__alpha": 0.1}, 1) == (
        "from sklearn.neural_network import MLPClassifier\n"
        "from sklearn.pipeline import Pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "\n"
        "model = Pipeline([\n"
        "    ('scale', StandardScaler()),\n"
        "    ('mlp', MLPClassifier(alpha=0.1)),\n"
        "])\n"
        "# trained by partial_fit: 1 pass over the training examples"
    )


@pytest.mark.parametrize(
    ("table", "config"),
    [
        ({"estimator": FOREST, "advance": "n_estimators"}, {"max_depth": 3}),
        ({"steps": [SCALE, {"name": "mlp", "estimator": MLP}]}, {"mlp__alpha": 0.1, "scale__with_mean": False}),
        (
            {
                "estimator": "sklearn.ensemble:BaggingClassifier",
                "parameters": {"estimator": "sklearn.tree:DecisionTreeClassifier"},
            },
            {"estimator__max_depth": 3, "n_estimators": 4},
        ),
    ],
)
def test_the_code_makes_what_is_trained(table, config):
    pipeline = pytest.importorskip("sklearn.pipeline")
    trainer = read(**table)
    names: dict[str, object] = {}
    exec(estimator_code(trainer, config, 7), names)
    values = trainer.values(config) | ({"n_estimators": 7} if trainer.advance else {})
    steps = made(trainer, values)
    assert repr(names["model"]) == repr(pipeline.Pipeline(steps) if trainer.is_pipeline else steps[0][1])
