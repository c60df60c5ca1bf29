"""The estimators that a study names: imported from where it says, given their parameters, put one after the other."""

from __future__ import annotations

import difflib
import importlib
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.storage.errors import UserError, to_install

MOST_CATEGORIES = 50
"""Of a column that is encoded by a column for each; the rarest beyond them share one."""

MOST_NATIVE = 255
"""Categories that HistGradientBoosting takes by itself."""


def check_installed() -> None:
    """Raise UserError, naming the extra to install, unless scikit-learn is there."""
    if find_spec("sklearn") is None:
        raise UserError(f"[trainer] needs scikit-learn, which is not installed; {to_install('sklearn')}")


def estimator_class(path: str) -> type:
    """Return the class at "package.module:Class". Raises UserError, with the nearest name, where there is none."""
    check_installed()
    module_name, _, name = path.partition(":")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name == module_name.split(".")[0]:
            why = f"the package {error.name} is not installed; pip install it, or correct its name"
        else:
            why = f"there is no module {error.name!r}; {_near(module_name, _siblings(module_name))}"
        raise UserError(f"{path}: {why}") from error
    except Exception as error:  # whatever somebody else's module raises
        raise UserError(f"{path}: importing {module_name} failed: {type(error).__name__}: {_line(error)}") from error
    found = getattr(module, name, None)
    if not isinstance(found, type):
        classes = [each for each in dir(module) if isinstance(getattr(module, each, None), type)]
        raise UserError(f"{path}: {module_name} has no class {name!r}; {_near(name, classes)}")
    if not (hasattr(found, "fit") and hasattr(found, "get_params")):
        raise UserError(f"{path} is no estimator: it lacks fit or get_params; name one in scikit-learn's manner")
    return found


def _siblings(module: str) -> list[str]:
    import pkgutil  # noqa: PLC0415 - for a mistake alone

    parent = module.rpartition(".")[0]
    spec = find_spec(parent) if parent else None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return [f"{parent}.{each.name}" for each in pkgutil.iter_modules(places) if not each.name.startswith("_")]


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else "correct its name"


def _line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "")[:300]


def parameter_names(trainer: EstimatorTrainer) -> list[str]:
    """Return the names of everything that can be set, without the seeds."""
    names = []
    for step in trainer.steps:
        prefix = f"{step.name}__" if step.name else ""
        names += [f"{prefix}{name}" for name in _new(step.estimator).get_params(deep=True)]
    return [name for name in names if name.rpartition("__")[2] != "random_state"]


def _new(path: str) -> Any:
    found = estimator_class(path)
    try:
        return found()
    except TypeError as error:
        raise UserError(f"{path} can't be made without arguments: {_line(error)}; name one that can") from error


def made(trainer: EstimatorTrainer, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the steps, new, each with its parameters out of `values`.

    A fixed parameter may name a class, too, such as the estimator that a Bagging repeats; never one of a trial, which
    comes out of a database. Raises UserError for a parameter that a step does not have, with the nearest.
    """
    steps = [(step.name, _new(step.estimator)) for step in trainer.steps]
    for name, value in sorted(values.items(), key=lambda item: item[0].count("__")):  # what is within others comes last
        step, inner = name.split("__", 1) if trainer.is_pipeline and "__" in name else ("", name)
        estimator = dict(steps)[step]
        known = list(estimator.get_params(deep=True))
        if inner not in known:
            prefix = f"{step}__" if step else ""
            kind = type(estimator).__name__
            usual = [each for each in known if "__" not in each and each != "random_state"]
            near = difflib.get_close_matches(inner, known, n=1)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"it has {', '.join(usual)}"
            raise UserError(f"{name}: {kind} has no parameter {inner!r}; {hint}")
        is_class = trainer.names_a_class(name) and value == trainer.parameters[name]
        estimator.set_params(**{inner: _new(value) if is_class else _plain(value)})
    return steps


def _plain(value: Any) -> Any:
    """Return lists as tuples, as scikit-learn writes sizes."""
    return tuple(_plain(each) for each in value) if isinstance(value, list) else value


def seed(estimator: Any, random_state: int) -> None:
    """Give the seed to every random_state in `estimator`, also those of estimators within it."""
    names = [name for name in estimator.get_params(deep=True) if name.rpartition("__")[2] == "random_state"]
    estimator.set_params(**dict.fromkeys(names, random_state))


def with_encoding(steps: list[tuple[str, Any]], x: Any, *, gaps: bool) -> list[Any]:
    """Return the estimators, after what turns a table like `x`, or an array, into what they take.

    `gaps`: whether values may be missing. Categories get a column each, unless the only step is a HistGradientBoosting,
    which takes them as they are. Missing numbers are replaced by the median, unless all steps take them or one of them
    is an imputer.
    """
    estimators = [each for _, each in steps]
    table = hasattr(x, "iloc")
    text = [name for name in x.columns if str(x[name].dtype) == "category"] if table else []
    numbers = [name for name in x.columns if name not in text] if table else []
    fills = gaps and not all(_takes_nan(each) for each in estimators)
    if any(type(each).__module__.startswith("sklearn.impute") for each in estimators):
        fills = False
    if len(estimators) == 1 and _takes_categories(estimators[0], x, text):
        return estimators
    if not table:
        return [_imputer(), *estimators] if fills else estimators
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - an extra
    from sklearn.preprocessing import OneHotEncoder  # noqa: PLC0415

    if not text and not fills:
        return estimators
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES, sparse_output=False, dtype=np.float64
    )
    parts = [("numbers", _imputer() if fills else "passthrough", numbers), ("categories", encoder, text)]
    return [ColumnTransformer([part for part in parts if part[2]]), *estimators]


def _imputer() -> Any:
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - an extra

    return SimpleImputer(strategy="median", keep_empty_features=True)


def has_gaps(x: Any) -> bool:
    """Say whether values of x may be missing: of a table always, as its test rows may lack some."""
    return hasattr(x, "iloc") or bool(x.dtype.kind == "f" and np.isnan(x).any())


def _takes_nan(estimator: Any) -> bool:
    from sklearn.utils import get_tags  # noqa: PLC0415 - an extra

    try:
        return bool(get_tags(estimator).input_tags.allow_nan)
    except (AttributeError, TypeError, ValueError):  # not made from scikit-learn's base class
        return False


def _takes_categories(estimator: Any, x: Any, text: list[str]) -> bool:
    return is_histogram_boosting(estimator) and all(len(x[name].cat.categories) <= MOST_NATIVE for name in text)


def advances_by_calls(estimator: Any) -> bool:
    """Say whether this is trained by calls of partial_fit, as it is set up: not where it stops early by itself."""
    return hasattr(estimator, "partial_fit") and estimator.get_params().get("early_stopping") is not True


def is_histogram_boosting(estimator: Any) -> bool:
    """Say whether this is one of scikit-learn's HistGradientBoosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor  # noqa: PLC0415

    return isinstance(estimator, HistGradientBoostingClassifier | HistGradientBoostingRegressor)
