"""Comparing the files of two runs byte for byte, but for what honestly differs: seconds, clocks and who was first."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

PASSING = ("seconds", "evaluated_at")
"""Columns of times."""

ANY_ORDER = ("ledger",)
"""Tables whose rows are in the order in which workers came."""


def differences(folder: Path, undisturbed: Path) -> list[str]:
    """Return in sentences how the files in `folder` differ from those of the undisturbed run."""
    if not folder.exists():
        return ["no files were written"]
    theirs, ours = _names(undisturbed), _names(folder)
    found = [f"{name} is missing" for name in sorted(theirs - ours)]
    found += [f"{name} is there, but not undisturbed" for name in sorted(ours - theirs)]
    for name in sorted(theirs & ours):
        one, other = content(folder / name), content(undisturbed / name)
        if one != other:
            found.append(f"{name} differs{_where(one, other)}")
    return found


def content(path: Path) -> bytes:
    """Return what must be the same of a file."""
    raw = path.read_bytes()
    if path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(raw.decode())))
        lines = [",".join(f"{name}={value}" for name, value in row.items() if name not in PASSING) for row in rows]
    elif path.suffix == ".json" and path.with_suffix(".csv").exists():
        rows = json.loads(raw)["data"]
        lines = [json.dumps({name: value for name, value in row.items() if name not in PASSING}) for row in rows]
    else:
        return raw
    return "\n".join(sorted(lines) if path.stem in ANY_ORDER else lines).encode()


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _where(one: bytes, other: bytes) -> str:
    try:
        ours, theirs = one.decode().splitlines(), other.decode().splitlines()
    except UnicodeDecodeError:
        return ""
    if len(ours) != len(theirs):
        return f": {len(ours)} lines, not {len(theirs)}"
    line = next((number for number, pair in enumerate(zip(ours, theirs, strict=True), 1) if pair[0] != pair[1]), 0)
    return f" from line {line} on"
