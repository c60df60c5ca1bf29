"""Spaces as people have them, for properties: conditional, stepped, with null, relations, fixed values and beliefs."""

from __future__ import annotations

from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from hpo.definition.possible import check_possible
from hpo.definition.spaces import read_space
from hpo.searching.space import Box, Config, Interval, Numeric, SearchSpace
from hpo.storage.errors import UserError

EVERYTHING: dict[str, Any] = {
    "require": ["hidden_2 <= hidden_1", "optimizer != 'adam' or learning_rate <= 0.1"],
    "learning_rate": {"log": True, "start": [1e-3, 1e-1], "limits": [1e-5, 1.0], "prior": 0.01},
    "optimizer": {"choices": ["sgd", "momentum", "adam"]},
    "momentum": {"start": [0.5, 0.9], "limits": [0.0, 0.9], "step": 0.1, "when": {"optimizer": ["momentum"]}},
    "layers": {"type": "int", "start": [1, 2], "limits": [1, 3]},
    "hidden_1": {"type": "int", "start": [16, 64], "limits": [16, 256], "step": 16},
    "hidden_2": {"type": "int", "start": [16, 64], "limits": [16, 256], "step": 16, "when": {"layers": [2, 3]}},
    "depth": {"choices": [4, 8, None]},
    "prune": {"choices": [True, False], "when": {"depth": [4, 8]}},
    "how": {"choices": ["early", "late"], "when": {"prune": [True]}},
    "batch_size": {"value": 64},
}


def everything() -> SearchSpace:
    return read_space(EVERYTHING, may_be_empty=False)


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    """Any space whose hyperparameters may hang on those before them, with a relation between two numbers or none."""
    tables: dict[str, Any] = {}
    for i in range(draw(st.integers(2, 5))):
        table = draw(st.sampled_from([_numbers, _steps, _whole, _choices]))(draw)
        parents = [name for name, each in tables.items() if "choices" in each or each.get("type") == "int"]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            values = tables[parent].get("choices") or list(range(*tables[parent]["limits"]))
            table["when"] = {parent: draw(st.lists(st.sampled_from(values), min_size=1, unique_by=repr))}
        tables[f"h{i}"] = table
    numbers = [name for name, table in tables.items() if "choices" not in table]
    if len(numbers) > 1 and draw(st.booleans()):
        tables["require"] = [f"{numbers[0]} <= {numbers[1]} or {numbers[1]} < 5"]
    space = read_space(tables, may_be_empty=False)
    try:
        check_possible(space, grid=False)
    except UserError:
        reject()
    return space


def _numbers(draw: st.DrawFn) -> dict[str, Any]:
    ends = sorted(draw(st.lists(st.floats(1e-4, 1e2), min_size=4, max_size=4, unique_by=lambda end: f"{end:.3g}")))
    return {"log": draw(st.booleans()), "start": ends[1:3], "limits": [ends[0], ends[3]]}


def _steps(draw: st.DrawFn) -> dict[str, Any]:
    step = draw(st.sampled_from([0.1, 0.25, 0.5, 2.0]))
    ends = sorted(draw(st.lists(st.integers(0, 40), min_size=4, max_size=4, unique=True)))
    low, a, b, high = (round(end * step, 6) for end in ends)
    return {"start": [a, b], "limits": [low, high], "step": step}


def _whole(draw: st.DrawFn) -> dict[str, Any]:
    ends = sorted(draw(st.lists(st.integers(1, 20), min_size=4, max_size=4, unique=True)))
    return {"type": "int", "start": ends[1:3], "limits": [ends[0], ends[3]]}


def _choices(draw: st.DrawFn) -> dict[str, Any]:
    return {"choices": draw(st.lists(st.sampled_from(["a", "b", 3, 0.5, None, True]), min_size=2, unique_by=repr))}


def faults(space: SearchSpace, box: Box, config: Config) -> list[str]:
    """Return what is wrong with a config that was proposed for `box`; nothing, if nothing is."""
    found = []
    if list(config) != space.active(config):
        found.append(f"it has {list(config)}, and {space.active(config)} are active")
    if config not in box:
        found.append("it lies outside the box")
    found += [f"{each.text} does not hold" for each in space.relations if not each.holds(space.whole(config))]
    for name, value in config.items():
        each = space.hyperparameters[name]
        if isinstance(each, Numeric) and each.every is not None:
            assert value is not None
            steps = (float(value) - each.limits.low) / each.every
            if abs(steps - round(steps)) > 1e-9:
                found.append(f"{name} = {value} lies on no step")
            if value != float(f"{float(value):.12g}"):
                found.append(f"{name} = {value} is none that people would write")
        if isinstance(each, Numeric) and each.integer and not isinstance(value, int):
            found.append(f"{name} = {value!r} is no whole number")
        region = space.limits()[name]
        if isinstance(region, Interval) and not isinstance(value, int | float):
            found.append(f"{name} = {value!r} is no number")
    return found
