"""What differs between a study as it was begun and as it is asked for now, a line each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

OF_SOURCE = "trainer.source"
"""How the lines begin that are about the files which a trainer is written in."""


def source_changes(lines: Sequence[str]) -> str:
    """Return which of these files have changed, of lines about nothing else."""
    said = []
    for line in lines:
        name, _, change = line.removeprefix(f"{OF_SOURCE}.").partition(": ")
        before, _, after = change.partition(" -> ")
        said.append(f"{name} {'is new' if before == 'null' else 'is gone' if after == 'null' else 'has changed'}")
    return ", ".join(said)


def other_images(recorded: Mapping[str, str], source: Mapping[str, str]) -> list[str]:
    """Return the line that says so where `source` has other images than those `recorded`, or nothing."""
    if recorded["sha256"] == source["sha256"]:
        return []
    return [f"data: {recorded['provenance']} -> {source['provenance']} (other images)"]


def differences(old: object, new: object, where: str = "") -> list[str]:
    """Return a line for each value that differs between two definitions' records."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{where}.{key}".strip("."))]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [line for i in range(len(old)) for line in differences(old[i], new[i], f"{where}.{i}")]
    return [] if old == new else [f"{where}: {json.dumps(old)} -> {json.dumps(new)}"]
