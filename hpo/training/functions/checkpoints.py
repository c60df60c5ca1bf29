"""The folders in which trainings save themselves, so that they go on in another process, or on another host.

A folder's name says everything that decides a training, so whoever trains the same finds it, and nobody else does.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hpo.training.protocol import Assignment


class Checkpoints:
    """The folders of one trial, one for each group, in `root`; none without it."""

    def __init__(self, root: Path | None, source: str, config: Mapping[str, Any], assignment: Assignment) -> None:
        self._root = root
        decides = [source, dict(config), asdict(assignment)]
        text = json.dumps(decides, sort_keys=True, default=repr)
        self._name = f"{assignment.stage}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"

    def of_group(self, group: int) -> Path | None:
        """Return the folder of one group, which is there then."""
        if self._root is None:
            return None
        folder = self._root / self._name / f"group-{group}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget(self, group: int) -> None:
        """Remove what one group has saved."""
        if self._root is not None:
            shutil.rmtree(self._root / self._name / f"group-{group}", ignore_errors=True)

    def clear(self) -> None:
        """Remove what the trial has saved: it has ended."""
        if self._root is not None:
            shutil.rmtree(self._root / self._name, ignore_errors=True)
