"""A space in Python: what each hyperparameter is, for a search that is called from a script or a notebook.

>>> space = {"learning_rate": log(1e-4, 1e-1, limits=(1e-6, 10)), "optimizer": choice("sgd", "adam"),
...          "momentum": uniform(0, 1, when={"optimizer": ["sgd"]}), "batch_size": fixed(64)}
>>> list(space_tables(space, require=["momentum <= 0.9"]))
['require', 'learning_rate', 'optimizer', 'momentum', 'batch_size']

What is made here are the tables of a study file, and they are read as those are: with the same checks, and one record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo.definition.spaces import REQUIRE, read_hyperparameter, read_space
from hpo.models.bounds import shown
from hpo.storage.errors import UserError

When = Mapping[str, Any]
"""The values of other hyperparameters with which one is active: a list of them for each, or one."""

CONSTRUCTORS = "hpo.log, hpo.uniform, hpo.integer, hpo.choice and hpo.fixed"


@dataclass(frozen=True, slots=True)
class Declared:
    """A hyperparameter, as the table of a study file that declares it."""

    table: Mapping[str, Any]


def log(
    low: float,
    high: float,
    *,
    limits: Sequence[float] | None = None,
    prior: float | None = None,
    when: When | None = None,
) -> Declared:
    """Return a number that is drawn, and moved, by powers of ten: round 1 looks between `low` and `high`.

    Later rounds may move as far as `limits`, (low, high). `prior` is a value that you believe is good. `when` says with
    which values of others it is active. Raises UserError for ends that make no range.
    """
    return _range("log", {"type": "float", "log": True}, (low, high), limits=limits, prior=prior, when=when)


def uniform(
    low: float,
    high: float,
    *,
    limits: Sequence[float] | None = None,
    step: float | None = None,
    prior: float | None = None,
    when: When | None = None,
) -> Declared:
    """Return a number that is drawn evenly; with `step`, it is the lower limit or a whole number of steps above it.

    The rest as in `log`.
    """
    return _range("uniform", {"type": "float"}, (low, high), limits=limits, step=step, prior=prior, when=when)


def integer(
    low: int,
    high: int,
    *,
    limits: Sequence[int] | None = None,
    step: int = 1,
    log: bool = False,
    prior: float | None = None,
    when: When | None = None,
) -> Declared:
    """Return a whole number from `low` to `high`, both among them; `log` draws it by powers of ten.

    The rest as in `uniform`.
    """
    table = {"type": "int", "log": log}
    return _range("integer", table, (low, high), limits=limits, step=step, prior=prior, when=when)


def choice(*choices: Any, prior: Any = ..., when: When | None = None) -> Declared:
    """Return one of `choices`: numbers, texts, True or False, None, lists, or tables that set several at once.

    `prior` is the one that you believe in. `when` as in `log`. Raises UserError for fewer than two choices.
    """
    if len(choices) == 1 and isinstance(choices[0], list | tuple | set | frozenset):
        raise UserError(f"hpo.choice({shown(choices[0])}) is one choice; write hpo.choice(*{shown(choices[0])})")
    table: dict[str, Any] = {"type": "categorical", "choices": [_plain(each) for each in choices]}
    return _checked("choice", table | ({} if prior is ... else {"prior": prior}), when)


def fixed(value: Any) -> Declared:
    """Return what is the same in every training: it is passed to them, and is not searched."""
    return Declared({"value": _plain(value)})


def space_tables(space: object, require: object = ()) -> dict[str, Any]:
    """Return the table [space] of a study file that a Python space makes, with the relations that are required.

    A hyperparameter is what a constructor made, a table as in a study file, or a list of choices.
    Raises UserError for what is none of the constructors' values, and for all that a study file may not say.
    """
    if not isinstance(space, Mapping) or not space:
        raise UserError(
            'space: give a dict of hyperparameters by their names, such as {"learning_rate": hpo.log(1e-4, 1e-1)}, not '
            f"{shown(space)}"
        )
    tables: dict[str, Any] = {}
    for name, declared in space.items():
        if not isinstance(name, str):
            raise UserError(f"space: a hyperparameter is called by a text, not {shown(name)}")
        tables[name] = _table(name, declared)
    texts = [require] if isinstance(require, str) else require
    if not isinstance(texts, list | tuple):
        raise UserError(f'require = {shown(require)}; it must be a list of texts, such as ["hidden_2 <= hidden_1"]')
    tables = ({REQUIRE: list(texts)} if texts else {}) | tables
    read_space(tables, may_be_empty=False)
    return tables


def _range(
    called: str,
    table: dict[str, Any],
    start: tuple[float, float],
    *,
    limits: Sequence[float] | None,
    prior: float | None,
    when: When | None,
    step: float | None = None,
) -> Declared:
    table = table | {"start": [_plain(end) for end in start]}
    table |= {} if limits is None else {"limits": limits if isinstance(limits, str) else [_plain(e) for e in limits]}
    table |= {} if step is None else {"step": _plain(step)}
    return _checked(called, table | ({} if prior is None else {"prior": prior}), when)


def _checked(called: str, table: dict[str, Any], when: When | None) -> Declared:
    """Return what `table` declares, checked as far as it can be without its name and the others."""
    try:
        read_hyperparameter("", table)
    except UserError as error:
        said = str(error).removeprefix("space.").removeprefix(".").removeprefix(": ")
        raise UserError(f"hpo.{called}: {said}") from error
    return Declared(table if when is None else table | {"when": when})


def _plain(value: Any) -> Any:
    """Return a scalar of NumPy as Python's own number, which a record can hold; anything else as it is."""
    return value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value


def _table(name: str, value: object) -> dict[str, Any]:
    """Return the table of a hyperparameter: what a constructor made, a table as it is, or a list of choices."""
    if isinstance(value, Declared):
        return dict(value.table)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return dict(choice(*value).table)
    raise UserError(_instead(name, value))


def _instead(name: str, value: object) -> str:
    """Return what to write in place of a value that no constructor made."""
    where = f"space[{name!r}] = {shown(value)}"
    if value is None or isinstance(value, bool | int | float | str):
        return f"{where}; write hpo.fixed({shown(value)}) for what is not searched, or take it out"
    return f"{where}; it must be made by one of {CONSTRUCTORS}"
