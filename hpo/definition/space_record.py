"""A space as JSON-able tables, in the form of the study file. A plain one has nothing in it of what it has not."""

from __future__ import annotations

from typing import Any

from hpo.definition.spaces import REQUIRE
from hpo.searching.space import Hyperparameter, Numeric, SearchSpace, unpacked


def space_record(space: SearchSpace) -> dict[str, Any]:
    """Return what `read_space` makes an equal space of; null is among the choices where a study file has or_none."""
    tables = {name: _hyperparameter_record(each) for name, each in space.hyperparameters.items()}
    for name, conditions in space.conditions.items():
        tables[name]["when"] = {parent: [unpacked(value) for value in each] for parent, each in conditions.items()}
    for name, belief in space.beliefs.items():
        tables[name]["prior"] = unpacked(belief)
    fixed = {name: {"value": unpacked(value)} for name, value in space.fixed.items()}
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
    return {"type": "categorical", "choices": [unpacked(choice) for choice in hyperparameter.choices]}
