"""Strict reading of plain tables (from TOML or JSON) into frozen dataclasses: every mistake is named with its place."""

from __future__ import annotations

import dataclasses
import difflib
import sys
import types
from collections.abc import Hashable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from hpo.models.bounds import shown
from hpo.storage.errors import UserError

MOST_ENTRIES = 1_000
"""Of any list; what a field takes is less."""

T = TypeVar("T")


def read_table(cls: type[T], table: object, where: str) -> T:
    """Return `table` as an instance of the dataclass `cls`; `where` is its path in the file, for messages.

    Raises UserError for an unknown key (suggesting the right one), a missing one, a wrong type, and whatever ValueError
    the dataclass raises about its values.
    """
    if not isinstance(table, Mapping):
        raise UserError(f"{where}: expected a table, found {shown(table)}")
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    check_keys(table, fields, where)
    hints = _hints(cast("Hashable", cls))
    values = {key: read_value(hints[key], value, key_path(where, key)) for key, value in table.items()}
    missing = [
        name
        for name, field in fields.items()
        if name not in values and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise UserError(f"{where or 'the definition'}: {missing[0]} is missing")
    try:
        return cls(**values)
    except (ValueError, TypeError) as error:
        raise UserError(f"{where}: {error}" if where else str(error)) from error


@cache
def _hints(cls: Any) -> dict[str, Any]:
    """Return the types of the fields of `cls`; looking them up takes longer than all else, and they never change."""
    return get_type_hints(cls)


def check_keys(table: Mapping[str, object], known: Iterable[str], where: str) -> None:
    """Raise UserError for the first key of `table` that is not in `known`, suggesting the nearest."""
    known = list(known)
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            raise UserError(f"{key_path(where, key)}: unknown key; {hint}")


def key_path(where: str, key: object) -> str:
    """Return the dotted path of `key` below `where`."""
    return f"{where}.{key}" if where else str(key)


def read_value(hint: Any, value: object, where: str) -> Any:
    """Return `value` as the type `hint`, or raise UserError saying what was expected at `where`."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(hint), value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            plain = isinstance(value, int | float | str) and not isinstance(value, bool)
            hint_of_one = f", such as [{shown(value)}]" if plain else ""
            raise UserError(f"{where} = {shown(value)}; expected a list{hint_of_one}")
        if len(value) > MOST_ENTRIES:
            raise UserError(f"{where} has {len(value):,} entries, more than {MOST_ENTRIES:,}; name fewer")
        return tuple(read_value(get_args(hint)[0], item, key_path(where, i)) for i, item in enumerate(value))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return read_table(hint, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return float(value)
    if isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
        return value
    raise UserError(f"{where} = {shown(value)}; expected {_expected(hint)}")


def _read_union(options: tuple[Any, ...], value: object, where: str) -> Any:
    for option in options:
        try:
            return value if option is type(None) and value is None else read_value(option, value, where)
        except (UserError, TypeError):
            continue
    raise UserError(f"{where} = {shown(value)}; expected {' or '.join(map(_expected, options))}")


def _expected(hint: Any) -> str:
    """Return what a value of the type `hint` is called in a study file."""
    if get_origin(hint) is tuple:
        return "a list"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", type(None): "nothing"}
    return names.get(hint, str(hint))
