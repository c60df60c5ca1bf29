"""The recorded runs as they lie in their files: one JSON line a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Runs = dict[tuple[int, int, int], dict[str, Any]]
"""Runs by (config, size, seed)."""


def read_runs(folder: Path, table: str) -> Runs:
    """Return the runs recorded so far; a last line that is not whole yet is left out."""
    path = folder / f"{table}.jsonl"
    text = path.read_text() if path.exists() else ""
    runs = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return {(run["config"], run["size"], run["seed"]): run for run in runs}


def append_run(folder: Path, table: str, run: dict[str, Any]) -> None:
    """Add a run to its table, behind the last whole line."""
    with (folder / f"{table}.jsonl").open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(run).encode() + b"\n")
