"""What a study may be called: files and folders are named like it, on every system, and terminals print it."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

from hpo.definition.printable import is_unsafe, on_one_line
from hpo.storage.errors import UserError

LONGEST = 200
"""Bytes in UTF-8: a file system takes 255, of which some are for the endings of parts and temporary files."""


def check_study_name(name: str) -> str:
    """Return `name` if a study may be called so: one component of a path, in letters that can be printed.

    Raises UserError for any other, be it a file's or one that is found in a database, where anybody may have written.
    """
    why = _objection(name)
    if why:
        raise UserError(f"a study cannot be named '{_short(name)}': {why}; give it a name that a file may have")
    return name


def _objection(name: str) -> str | None:
    if not name.strip():
        return "the name is empty"
    if any(is_unsafe(letter) or unicodedata.category(letter) in ("Zl", "Zp") for letter in name):
        return "it has control characters"
    if name in (".", "..") or PurePosixPath(name).name != name or PureWindowsPath(name).name != name:
        return "that is a path"
    size = len(name.encode())
    return f"it takes {size} bytes, and at most {LONGEST} are allowed" if size > LONGEST else None


def _short(name: str) -> str:
    return on_one_line(name if len(name) <= 60 else f"{name[:57]}...")
