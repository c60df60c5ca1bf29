"""Reading the space of a study: a table for each hyperparameter, what is fixed, and the relations between them."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from hpo.definition.tables import check_keys
from hpo.models.bounds import shown
from hpo.searching.conditions import Conditions, cycle
from hpo.searching.relations import read_relation
from hpo.searching.space import Categorical, Hyperparameter, Interval, Numeric, SearchSpace, Value
from hpo.storage.errors import UserError

COMMON_KEYS = {
    "prior": "a value that you believe is good: a third of round 1 is drawn around it, and less later",
    "when": 'it is searched only when another has one of these values: {optimizer = ["momentum", "nesterov"]}',
}
"""The keys that every hyperparameter may have, each with what it is for."""

NUMERIC_KEYS = {
    "type": '"float" or "int"',
    "log": "whether it is drawn, and moved, by powers of ten",
    "start": "where round 1 looks: [low, high]",
    "limits": "how far later rounds may move: [low, high]; start if it is left out",
    "step": "only the lower limit, and whole numbers of steps above it, are values",
    **COMMON_KEYS,
}
"""The keys of a range."""

CATEGORICAL_KEYS = {
    "type": '"categorical"',
    "choices": "the values to try; a table sets several fields at once",
    "or_none": "whether no value at all (null) is one more choice",
    **COMMON_KEYS,
}
"""The same for choices."""

FIXED_KEYS = {
    "value": "it is this in every training, and is not searched",
    "none": "true: it is no value at all (null) in every training, which a file can't write otherwise",
}
"""The same for what is fixed."""

NONE = "none"
"""What no value at all (null) is called where a file has to say it."""

REQUIRE = "require"
"""The key beside the hyperparameters that holds the relations."""
REQUIRE_SAYS = 'what must hold of every config, such as "hidden_2 <= hidden_1"; comparisons and arithmetic'

MOST_CHOICES, MOST_HYPERPARAMETERS, MOST_RELATIONS = 1_000, 64, 64
MOST_STEPS = 1_000_000_000


def read_space(space: object, *, may_be_empty: bool) -> SearchSpace:
    """Return the space that the table `[space]` of a study file declares.

    Raises UserError for the first mistake; whether its relations can hold is not looked at here.
    """
    if not isinstance(space, Mapping) or not (space or may_be_empty):
        raise UserError("space: at least one [space.NAME] table is needed, or there is nothing to search")
    tables = {str(key): table for key, table in space.items() if key != REQUIRE}
    if len(tables) > MOST_HYPERPARAMETERS:
        raise UserError(
            f"space: there are {len(tables):,} hyperparameters, and a study searches at most {MOST_HYPERPARAMETERS}; "
            "fix some of them in [model] or [training]"
        )
    fixed = {name: _read_fixed(name, table) for name, table in tables.items() if is_fixed(table)}
    searched = {name: read_hyperparameter(name, table) for name, table in tables.items() if name not in fixed}
    if not searched and not may_be_empty:
        raise UserError("space: all of it is fixed, so there is nothing to search; give one a range or choices")
    conditions = {
        name: _read_when(name, tables[name]["when"], searched, fixed) for name in searched if "when" in tables[name]
    }
    if circle := cycle(conditions):
        raise UserError(f"space: {' needs '.join(circle)}, so none of them is ever active; take one `when` out")
    believed = [name for name in searched if "prior" in tables[name]]
    beliefs = {name: _read_prior(name, tables[name]["prior"], searched[name]) for name in believed}
    texts = space.get(REQUIRE, [])
    if isinstance(texts, Mapping):
        raise UserError(f"space.{REQUIRE} is the list of relations, so no hyperparameter can be called that")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or len(texts) > MOST_RELATIONS:
        raise UserError(f"space.{REQUIRE} = {shown(texts)}; it must be a list of at most {MOST_RELATIONS} relations")
    relations = tuple(read_relation(text, tables) for text in texts)
    return SearchSpace(searched, conditions, relations, fixed, beliefs)


def is_fixed(table: object) -> bool:
    """Say whether the table of a hyperparameter fixes it."""
    return isinstance(table, Mapping) and not FIXED_KEYS.keys().isdisjoint(table)


def read_hyperparameter(name: str, table: object) -> Hyperparameter:
    """Return the hyperparameter that one `[space.NAME]` table of a study file declares.

    Raises UserError where a range is upside down, `start` leaves `limits`, or a log range reaches zero.
    """
    where = f"space.{name}"
    if not isinstance(table, Mapping):
        raise UserError(f"{where}: expected a table such as [{where}] with start = [1e-4, 1e-1], found {shown(table)}")
    kind = table.get("type", "categorical" if "choices" in table else "float")
    if kind not in ("float", "int", "categorical"):
        raise UserError(f'{where}.type = {shown(kind)}; it must be "float", "int" or "categorical"')
    known: Mapping[str, str] = CATEGORICAL_KEYS if kind == "categorical" else NUMERIC_KEYS
    check_keys(table, {**known, **FIXED_KEYS}, where)
    if kind == "categorical":
        return _read_categorical(where, table.get("choices"), table.get("or_none", False))
    log = table.get("log", False)
    if not isinstance(log, bool):
        raise UserError(f"{where}.log = {shown(log)}; it must be true or false")
    integer = kind == "int"
    if "start" not in table:
        raise UserError(f"{where}: start = [low, high] is missing; it says where round 1 looks")
    start = _read_interval(f"{where}.start", table["start"], integer, log)
    limits = _read_interval(f"{where}.limits", table["limits"], integer, log) if "limits" in table else start
    if start.low < limits.low or start.high > limits.high:
        raise UserError(f"{where}: start {start} reaches outside limits {limits}; widen the limits")
    numeric = Numeric(start=start, limits=limits, log=log, integer=integer)
    if "step" not in table:
        return numeric
    return dataclasses.replace(numeric, every=_read_step(where, table["step"], numeric))


def _read_interval(where: str, value: object, integer: bool, log: bool) -> Interval:
    kinds = (int,) if integer else (int, float)
    if (
        not isinstance(value, list | tuple)
        or len(value) != 2
        or not all(
            isinstance(end, kinds) and not isinstance(end, bool) and abs(end) <= sys.float_info.max for end in value
        )
    ):
        raise UserError(
            f"{where} = {shown(value)}; it must be [low, high] with two {'whole ' if integer else ''}numbers"
        )
    low, high = value
    if low >= high:
        raise UserError(f"{where} = [{low:g}, {high:g}] is upside down or empty; low must be less than high")
    if log and low <= 0:
        raise UserError(f"{where} = [{low:g}, {high:g}]: a log range must start above 0; raise low or set log = false")
    return Interval(low, high) if integer else Interval(float(low), float(high))


def _read_step(where: str, step: object, numeric: Numeric) -> float | None:
    """Return the step between values; None for 1 between whole numbers, which all are anyway."""
    start, limits, integer = numeric.start, numeric.limits, numeric.integer
    kinds = (int,) if integer else (int, float)
    if not isinstance(step, kinds) or isinstance(step, bool) or not 0 < step <= limits.high - limits.low:
        raise UserError(
            f"{where}.step = {shown(step)}; it must be a {'whole ' if integer else ''}number above 0, and no larger "
            f"than the limits ({limits}) are wide"
        )
    if integer and step == 1:
        return None
    if numeric.log:
        raise UserError(
            f"{where}: step and log do not go together, as steps are equal and powers are not; write "
            "choices = [...] with the values, or leave one of them out"
        )
    if (limits.high - limits.low) / step > MOST_STEPS:
        raise UserError(f"{where}.step = {shown(step)} makes more than {MOST_STEPS:,} values; leave step out")
    for what, low, ends in (("limits", limits.low, [limits.high]), ("start", limits.low, [start.low, start.high])):
        for end in ends:
            if (_exact(end) - _exact(low)) % _exact(step):
                below = _exact(low) + (_exact(end) - _exact(low)) // _exact(step) * _exact(step)
                raise UserError(
                    f"{where}: {end:g} of {what} lies between two steps of {shown(step)} from {low:g}; write "
                    f"{float(below):g} or {float(below + _exact(step)):g}"
                )
    return step if integer else float(step)


def _exact(value: float) -> Decimal:
    """Return a number as the decimal one that it is written as."""
    return Decimal(str(value))


def _read_categorical(where: str, choices: object, or_none: object) -> Categorical:
    if not isinstance(or_none, bool):
        raise UserError(f"{where}.or_none = {shown(or_none)}; it must be true or false")
    if isinstance(choices, list | tuple):
        some = [choice for choice in choices if choice is not None]
        choices = [*some, None] if or_none or len(some) < len(choices) else some
    if not isinstance(choices, list) or len(choices) < 2:
        raise UserError(f"{where}.choices = {shown(choices)}; it must be a list of at least two choices")
    if len(choices) > MOST_CHOICES:
        raise UserError(
            f"{where}.choices has {len(choices):,} choices, more than {MOST_CHOICES:,}; name fewer, or give a range "
            "with start and limits"
        )
    for choice in choices:
        _check_plain(f"{where}.choices", choice)
    tables = sum(isinstance(choice, Mapping) for choice in choices)
    if 0 < tables < len(choices):
        raise UserError(f"{where}.choices = {shown(choices)}; either all choices are tables of fields, or none is")
    if None in choices and NONE in choices:
        raise UserError(f'{where}.choices has the text "{NONE}" beside no value at all (null); call the text otherwise')
    values = tuple(_packed(choice) for choice in choices)
    if len(set(values)) < len(values):
        like = {value: [each for each in values if each == value] for value in values}
        twice = next(several for several in like.values() if len(several) > 1)
        if len({type(each) for each in twice}) > 1:
            raise UserError(
                f"{where}.choices names a choice twice: {' and '.join(map(shown, twice))} of {shown(choices)} are "
                "equal; keep one of them, or write texts"
            )
        raise UserError(f"{where}.choices names a choice twice: {shown(choices)}")
    return Categorical(values)


def _check_plain(where: str, value: object) -> None:
    """Raise UserError unless `value` is what a choice, or a fixed value, may be."""
    if not all(_is_plain(part) for part in (value.values() if isinstance(value, Mapping) else [value])):
        raise UserError(
            f"{where} holds {shown(value)}; a choice is a finite number, a text, true/false, a list of "
            "these, or a table of fields"
        )
    if isinstance(value, str) and value.startswith(("[", "{")):
        raise UserError(
            f"{where} holds {shown(value)}; a choice is read as a list or a table, so write it without quotes"
        )


def _packed(value: Any) -> Value:
    """Return `value` as configs hold it: a list or a table as its JSON text."""
    packed: Value = json.dumps(value) if isinstance(value, list | tuple | Mapping) else value
    return packed


def _is_plain(value: object) -> bool:
    """Say whether `value` is nothing at all (None), a finite number, a text, a truth or a list of the last three."""
    return value is None or all(
        isinstance(part, str) or (isinstance(part, int | float) and abs(part) <= sys.float_info.max)
        for part in (value if isinstance(value, list | tuple) else [value])
    )


def _read_fixed(name: str, table: Mapping[str, Any]) -> Value:
    where = f"space.{name}"
    others = [key for key in table if key not in FIXED_KEYS]
    if others:
        raise UserError(
            f"{where} has a value, so it is fixed, and {', '.join(others)} beside it, so it is searched; remove "
            "value, or the others"
        )
    if NONE in table:
        if table[NONE] is not True or "value" in table:
            raise UserError(f"{where}: write none = true for no value at all (null), and nothing beside it")
        return None
    _check_plain(f"{where}.value", table["value"])
    return _packed(table["value"])


def _read_when(
    name: str, when: object, searched: Mapping[str, Hyperparameter], fixed: Mapping[str, Value]
) -> Conditions:
    where = f"space.{name}.when"
    if not isinstance(when, Mapping) or not when:
        raise UserError(
            f"{where} = {shown(when)}; it must name another hyperparameter and values of it, such as "
            '{optimizer = ["momentum", "nesterov"]}'
        )
    return {str(parent): _read_values(where, str(parent), values, searched, fixed) for parent, values in when.items()}


def _read_values(
    where: str, parent: str, values: object, searched: Mapping[str, Hyperparameter], fixed: Mapping[str, Value]
) -> tuple[Value, ...]:
    if parent not in searched and parent not in fixed:
        check_keys({parent: None}, [*searched, *fixed], where)
    listed: list[Any] = list(values) if isinstance(values, list | tuple) and values else [values]
    hyperparameter = searched.get(parent)
    if hyperparameter is None:
        packed = tuple(_packed(value) for value in listed)
        if fixed[parent] not in packed:
            raise UserError(
                f"{where}: {parent} is fixed at {shown(fixed[parent])}, so it would never be active; remove its table"
            )
        return packed
    if isinstance(hyperparameter, Categorical):
        choices: Collection[Value] = hyperparameter.choices
        said = [None if value == NONE and None in choices else value for value in listed]
        packed = tuple(_packed(value) for value in said)
        for value in packed:
            if value not in choices:
                raise UserError(
                    f"{where}: {parent} has no choice {shown(value)}; its choices are "
                    f"{', '.join('none' if each is None else shown(each) for each in choices)}"
                )
        return packed
    if not hyperparameter.integer:
        raise UserError(
            f"{where}: {parent} is a range of numbers, of which none is ever hit exactly; name one with choices, or "
            'with type = "int"'
        )
    for value in listed:
        if not isinstance(value, int) or isinstance(value, bool) or value not in hyperparameter.limits:
            raise UserError(f"{where}: {parent} is never {shown(value)}; name whole numbers of {hyperparameter.limits}")
    return tuple(listed)


def _read_prior(name: str, prior: Any, hyperparameter: Hyperparameter) -> Value:
    where = f"space.{name}.prior = {shown(prior)}"
    if isinstance(hyperparameter, Categorical):
        packed = None if prior == NONE and None in hyperparameter.choices else _packed(prior)
        if packed not in hyperparameter.choices:
            raise UserError(f"{where} is none of its choices; name the one that you believe in")
        return packed
    if not isinstance(prior, int | float) or isinstance(prior, bool) or not math.isfinite(prior):
        raise UserError(f"{where}; it must be the number that you believe in")
    if prior not in hyperparameter.limits:
        raise UserError(f"{where} lies outside the limits ({hyperparameter.limits}); widen them, or take it out")
    return float(prior)
