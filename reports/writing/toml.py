"""A writer for the TOML of study files: tables of texts, numbers, truths and lists. Python only brings a reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def toml_text(tables: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """Return `tables` as TOML that `tomllib` reads back equal, under `comments` (a line `# name: text` each).

    Raises TypeError for a value that TOML has no form for, such as None.
    """
    header = [f"# {name}: {_CONTROL.sub(' ', text)}" for name, text in (comments or {}).items()]
    body = "\n".join(_lines(tables, ()))
    return "\n".join(header) + "\n\n" * bool(header) + body.strip("\n") + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of `table`: its own values first, since what follows a header belongs to that header's table."""
    for key, value in table.items():
        if not isinstance(value, Mapping) and not _is_tables(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        inner = (*path, key)
        name = ".".join(_key(part) for part in inner)
        if isinstance(value, Mapping):
            if not value or any(not isinstance(each, Mapping) for each in value.values()):
                yield f"\n[{name}]"
            yield from _lines(value, inner)
        elif _is_tables(value):
            for each in value:
                yield f"\n[[{name}]]"
                yield from _lines(each, inner)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    raise TypeError(f"TOML has no form for {value!r}")


def _string(text: str) -> str:
    """Return a basic string; JSON's escapes are TOML's, except that TOML also wants DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
