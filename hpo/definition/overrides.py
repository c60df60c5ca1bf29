"""KEY=VALUE texts of a command line, which set single fields of a study's tables."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from hpo.models.bounds import shown
from hpo.storage.errors import UserError

_HALF_FLOAT = re.compile(r"[+-]?(\.\d+|\d+\.)([eE][+-]?\d+)?")
"""Numbers as people and other programs write them, and TOML does not: .5 and 5. ."""


def set_field(tables: dict[str, Any], change: str) -> None:
    """Put the value of `change`, such as rounds.0.trials=10, into `tables`; it is checked with the rest afterwards.

    A value is read as TOML; a list may come without its brackets (50,50,50), a text without its quotes. Raises
    UserError, with an example, for a text that sets nothing.
    """
    key, equals, text = change.partition("=")
    steps = [step.strip() for step in key.split(".")]
    if not equals:
        raise UserError(
            f"--set {shown(change)}: there is no = in it; write KEY=VALUE, such as --set rounds.0.trials=10"
        )
    if not all(steps):
        raise UserError(f"--set {shown(change)}: expected KEY=VALUE, for example --set rounds.0.trials=10")
    if not text.strip():
        raise UserError(f'--set {shown(change)}: there is no value after the =; an empty text is written as ""')
    target: Any = tables
    for depth, step in enumerate(steps[:-1]):
        where = ".".join(steps[: depth + 1])
        target = target[_index(target, step, where)] if isinstance(target, list) else target.setdefault(step, {})
        if not isinstance(target, dict | list):
            raise UserError(f"--set {shown(change)}: {where} is a value, not a table")
    last: Any = _index(target, steps[-1], key) if isinstance(target, list) else steps[-1]
    before = target[last] if isinstance(target, list) else target.get(last)
    target[last] = read_text(text, list_wanted=isinstance(before, list))


def read_text(text: str, *, list_wanted: bool = False) -> Any:
    """Return `text` as TOML reads it, or as a list of what stands between its commas; else it is a text.

    `list_wanted`: a list stands there already, so that texts with commas between them are one, too.
    """
    text = text.strip()
    for attempt in (text, f"[{text}]") if "," in text else (text,):
        try:
            read = tomllib.loads(f"value = {attempt}")
        except (ValueError, RecursionError):  # what is no TOML, and a number of more digits than Python reads
            continue
        if read.keys() == {"value"}:
            return read["value"]
    if _HALF_FLOAT.fullmatch(text):
        return float(text)
    if list_wanted and "," in text and not text.startswith("["):
        return [read_text(part) for part in text.split(",")]
    return text


def _index(target: Sequence[object], step: str, where: str) -> int:
    if not (step.isascii() and step.isdecimal()) or len(step) > 9 or int(step) >= len(target):
        raise UserError(
            f"--set {shown(where)}: {shown(step)} is not an index of a list of {len(target)}; indices start at 0"
        )
    return int(step)
