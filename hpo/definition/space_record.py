"""A space as JSON-able tables, in the form of the study file. A plain one has nothing in it of what it has not."""

from __future__ import annotations

from typing import Any

from hpo.definition.spaces import NONE, REQUIRE
from hpo.searching.space import Hyperparameter, Numeric, SearchSpace, Value, unpacked


def space_record(space: SearchSpace) -> dict[str, Any]:
    """Return what `read_space` makes an equal space of: as a study file says it, which knows no null."""
    tables = {name: _hyperparameter_record(each) for name, each in space.hyperparameters.items()}
    for name, conditions in space.conditions.items():
        tables[name]["when"] = {parent: [_said(value) for value in each] for parent, each in conditions.items()}
    for name, belief in space.beliefs.items():
        tables[name]["prior"] = _said(belief)
    fixed = {name: {NONE: True} if value is None else {"value": unpacked(value)} for name, value in space.fixed.items()}
    require = {REQUIRE: [each.text for each in space.relations]} if space.relations else {}
    return {**require, **tables, **fixed}


def _hyperparameter_record(hyperparameter: Hyperparameter) -> dict[str, Any]:
    if isinstance(hyperparameter, Numeric):
        record: dict[str, Any] = {
            "type": "int" if hyperparameter.integer else "float",
            "log": hyperparameter.log,
            "start": [hyperparameter.start.low, hyperparameter.start.high],
            "limits": [hyperparameter.limits.low, hyperparameter.limits.high],
        }
        return record | ({} if hyperparameter.every is None else {"step": hyperparameter.every})
    choices = [unpacked(choice) for choice in hyperparameter.choices if choice is not None]
    or_none = {"or_none": True} if None in hyperparameter.choices else {}
    return {"type": "categorical", "choices": choices} | or_none


def _said(value: Value) -> Any:
    return NONE if value is None else unpacked(value)
