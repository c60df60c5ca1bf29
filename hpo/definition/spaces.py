"""Reading a hyperparameter from its table in a study file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from hpo.definition.tables import check_keys
from hpo.models.bounds import shown
from hpo.searching.space import Categorical, Hyperparameter, Interval, Numeric
from hpo.storage.errors import UserError

NUMERIC_KEYS = {
    "type": '"float" or "int"',
    "log": "whether it is drawn, and moved, by powers of ten",
    "start": "where round 1 looks: [low, high]",
    "limits": "how far later rounds may move: [low, high]; start if it is left out",
}
"""The keys of a range, each with what it is for."""

CATEGORICAL_KEYS = {
    "type": '"categorical"',
    "choices": "the values to try; a table sets several fields at once",
}
"""The same for choices."""

MOST_CHOICES = 1_000


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
    check_keys(table, known, where)
    if kind == "categorical":
        return _read_categorical(where, table.get("choices"))
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
    return Numeric(start=start, limits=limits, log=log, integer=integer)


def _read_interval(where: str, value: object, integer: bool, log: bool) -> Interval:
    kinds = (int,) if integer else (int, float)
    if (
        not isinstance(value, list)
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


def _read_categorical(where: str, choices: object) -> Categorical:
    if not isinstance(choices, list) or len(choices) < 2:
        raise UserError(f"{where}.choices = {shown(choices)}; it must be a list of at least two choices")
    if len(choices) > MOST_CHOICES:
        raise UserError(
            f"{where}.choices has {len(choices):,} choices, more than {MOST_CHOICES:,}; name fewer, or give a range "
            "with start and limits"
        )
    for choice in choices:
        if not all(_is_plain(part) for part in (choice.values() if isinstance(choice, Mapping) else [choice])):
            raise UserError(
                f"{where}.choices holds {shown(choice)}; a choice is a finite number, a text, true/false, a list of "
                "these, or a table of fields"
            )
        if isinstance(choice, str) and choice.startswith(("[", "{")):
            raise UserError(
                f"{where}.choices holds {shown(choice)}; a choice is read as a list or a table, so write it "
                "without quotes"
            )
    if 0 < sum(isinstance(choice, Mapping) for choice in choices) < len(choices):
        raise UserError(f"{where}.choices = {shown(choices)}; either all choices are tables of fields, or none is")
    values = tuple(json.dumps(choice) if isinstance(choice, list | Mapping) else choice for choice in choices)
    if len(set(values)) < len(values):
        raise UserError(f"{where}.choices names a choice twice: {shown(choices)}")
    return Categorical(values)


def _is_plain(value: object) -> bool:
    """Say whether `value` is a finite number, a text, a truth or a list of these."""
    return all(
        isinstance(part, str) or (isinstance(part, int | float) and abs(part) <= sys.float_info.max)
        for part in (value if isinstance(value, list) else [value])
    )
