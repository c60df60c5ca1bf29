"""What is asked of an estimator before a study begins: does it exist, take its parameters, fit data and metric?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.searching.space import to_try, unpacked
from hpo.storage.errors import UserError
from hpo.training.estimator_steps import advances_by_calls, check_installed, is_histogram_boosting, made
from hpo.training.images import StudyData
from hpo.training.scorers import scorer

_NEEDS = {"log_loss": ("predict_proba",), "auc": ("predict_proba", "decision_function")}
_NEEDS_OF_MANY = {**_NEEDS, "auc": ("predict_proba",)}


def settled(trainer: EstimatorTrainer) -> EstimatorTrainer:
    """Return the same with how it goes on from a rung, which its class tells. Imports the class."""
    if trainer.advance is not None:
        return trainer
    return replace(trainer, advance=_advance(made(trainer, trainer.parameters)[-1][1], trainer))


def _advance(model: Any, trainer: EstimatorTrainer) -> str:
    parameters = model.get_params()
    if is_histogram_boosting(model):
        return "max_iter"
    if advances_by_calls(model) and trainer.of_last("max_iter") not in trainer.parameters:
        return "partial_fit"
    return "n_estimators" if {"warm_start", "n_estimators"} <= set(parameters) else "nothing"


def check_estimators(definition: StudyDefinition, trainer: EstimatorTrainer, data: StudyData) -> tuple[str, ...]:
    """Return what a user should know of the trainer, in sentences; `trainer` is the settled one of `definition`.

    Raises UserError where a class or a parameter does not exist, where a value does not fit, where estimator and target
    do not go together, or the metric and they.
    """
    check_installed()
    steps = made(trainer, trainer.values(definition.space.fixed))
    _check_steps(steps)
    _check_task(steps[-1][1], data)
    scorer(data.metric, data.part.task, data.part.classes)
    model = steps[-1][1]
    needed = _NEEDS.get(data.metric.name, ()) if data.part.classes <= 2 else _NEEDS_OF_MANY.get(data.metric.name, ())
    if needed and not any(hasattr(model, each) for each in needed):
        raise UserError(
            f"metric {data.metric.name}: {type(model).__name__} has no {' and no '.join(needed)} as it is set up; "
            "take another metric, such as accuracy, or another estimator"
        )
    _check_advance(model, trainer)
    _check_values(trainer, {}, "trainer.parameters")
    fixed = definition.space.fixed
    _check_values(trainer, fixed, f"space.{', '.join(fixed)}")
    for name, hyperparameter in definition.space.hyperparameters.items():
        for value in to_try(hyperparameter):
            plain = unpacked(value)
            values = plain if isinstance(plain, dict) else {name: plain}
            _check_values(trainer, {**fixed, **values}, f"space.{name}")
    return tuple(_said(definition, trainer, type(model).__name__))


def _check_steps(steps: list[tuple[str, Any]]) -> None:
    for name, each in steps[:-1]:
        if not hasattr(each, "transform"):
            raise UserError(
                f"trainer.steps: {name} is {type(each).__name__}, which transforms nothing; only the last step predicts"
            )
    if not hasattr(steps[-1][1], "predict"):
        raise UserError(
            f"[trainer]: {type(steps[-1][1]).__name__} predicts nothing; name a classifier or a regressor as the last "
            "step"
        )


def _check_task(model: Any, data: StudyData) -> None:
    from sklearn.base import is_classifier, is_regressor  # noqa: PLC0415 - an extra

    kind, task = type(model).__name__, data.part.task
    if task == "regression" and is_classifier(model):
        raise UserError(
            f"{kind} tells classes apart, and the target holds numbers to predict; name a regressor, or write "
            'task = "classification" in [data]'
        )
    if task == "classification" and is_regressor(model):
        raise UserError(
            f"{kind} predicts numbers, and the target holds classes; name a classifier, or write "
            'task = "regression" in [data]'
        )


def _check_advance(model: Any, trainer: EstimatorTrainer) -> None:
    kind, advance, parameters = type(model).__name__, trainer.advance, model.get_params()
    if advance == "partial_fit" and not advances_by_calls(model):
        raise UserError(f'trainer.advance = "partial_fit": {kind} has none with these parameters; leave advance out')
    if advance in ("n_estimators", "max_iter") and not {advance, "warm_start"} <= set(parameters):
        raise UserError(f'trainer.advance = "{advance}": {kind} lacks {advance} or warm_start; leave advance out')


def _check_values(trainer: EstimatorTrainer, values: Mapping[str, Any], where: str) -> None:
    """Raise UserError where a step does not have a parameter, or says itself that a value does not fit."""
    try:
        steps = made(trainer, {**trainer.parameters, **values})
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    for _, each in steps:
        validate = getattr(each, "_validate_params", None)  # what scikit-learn asks first in fit
        if validate is None:
            continue
        try:
            validate()
        except (ValueError, TypeError) as error:
            raise UserError(f"{where}: {error}") from error


def _said(definition: StudyDefinition, trainer: EstimatorTrainer, kind: str) -> list[str]:
    advance = trainer.advance or "nothing"
    if advance == "partial_fit":
        return [f"{kind} is trained by partial_fit: an epoch is a pass over the training examples."]
    names = {*trainer.parameters, *definition.space.fixed, *definition.space.hyperparameters}
    if advance == "nothing":
        return [f"{kind} is trained in one go: nothing stops early, and epochs count nothing."]
    if trainer.of_last(advance) in names:
        return [f"{kind} is trained until it has {advance}, which the study sets: epochs count nothing."]
    return [f"{kind} is trained by {advance}: an epoch is one of these."]
