"""The text of a study file: from the bytes on the disk, whatever editor wrote them, to its tables."""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo.storage.errors import UserError

MOST_BYTES = 1_000_000
DEEPEST = 12
"""Tables and lists inside each other; a study file needs five."""

_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_SAVE = "save it as UTF-8 (in Notepad: Save as, Encoding: UTF-8; in PowerShell: Set-Content -Encoding utf8)"


def expanded(path: str, what: str) -> Path:
    """Return `path` with a ~ at its beginning replaced by the home folder; `what` is its name in a message."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        user = path.partition("/")[0]
        raise UserError(f"{what} {path!r}: no home folder of {user} is known; write the path out") from error


def read_tables(path: Path) -> dict[str, Any]:
    """Return the tables of the TOML file at `path`. Raises UserError, in a sentence, for whatever is wrong with it."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; check the path and its permissions") from error
    if len(content) > MOST_BYTES:
        raise UserError(f"{path} is larger than {MOST_BYTES:,} bytes, which no study file is; name another file")
    return parsed(decoded(content, path), path)


def decoded(content: bytes, path: Path) -> str:
    """Return the text in `content`, with or without a byte order mark; `path` is named in messages."""
    for mark, encoding in _OTHER_MARKS.items():
        if content.startswith(mark):
            raise UserError(f"{path} is {encoding} text, and a study file is UTF-8; {_SAVE}")
    if b"\0" in content:
        raise UserError(f"{path} is no text, or one in UTF-16 without a mark; name a TOML file, or {_SAVE}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path} is not UTF-8 text (line {line} holds the byte {content[error.start]:#04x}); {_SAVE}"
        ) from error


def parsed(text: str, path: Path) -> dict[str, Any]:
    """Return the tables that `text` holds; `path` is named in messages."""
    try:
        tables = tomllib.loads(text)
    except RecursionError as error:
        raise UserError(f"{path} is not valid TOML: its lists are nested too deeply") from error
    except ValueError as error:
        raise UserError(f"{path} is not valid TOML: {_plain(error)}") from error
    check_depth(tables, str(path))
    return tables


def check_depth(tables: Mapping[str, Any], what: str) -> None:
    """Raise UserError if tables and lists lie in each other deeper than any study's do."""
    level: list[object] = [tables]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise UserError(f"{what}: tables or lists are nested more than {DEEPEST} deep; a study needs five levels")


def _plain(error: ValueError) -> str:
    """Return what is wrong, without advice for programmers."""
    text = str(error)
    return "a number has more than 4,300 digits" if "integer string conversion" in text else text
