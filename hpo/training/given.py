"""What a worker was started with: what a database says never makes it run code."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hpo.definition.trainers.base import TrainerSettings
from hpo.definition.trainers.kinds import read_trainer


@dataclass(frozen=True)
class Given:
    """What a worker was started with, by whoever may start code there: a trainer, as its study file declares it.

    What a database says never makes a worker run code, so a trainer that is not given is refused. `folder` is where the
    paths in it begin.
    """

    trainer: TrainerSettings
    folder: Path
    pickled: bytes | None = None
    """A function that was handed over in Python, as cloudpickle writes it: by whoever started the worker, and never by
    a database."""
    path: tuple[str, ...] = ()
    """Where the modules are that it refers to."""

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Return what `record` gave, as it came over a pipe."""
        pickled = None if told["pickled"] is None else base64.b64decode(told["pickled"])
        return cls(read_trainer(told["tables"]), Path(told["folder"]), pickled, tuple(told["path"]))

    def record(self) -> dict[str, Any]:
        """Return it as what can be written as JSON."""
        return {
            "tables": self.trainer.tables(),
            "folder": str(self.folder),
            "pickled": None if self.pickled is None else base64.b64encode(self.pickled).decode(),
            "path": list(self.path),
        }
