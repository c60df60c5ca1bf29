"""What a program is told of one of its trainings: its arguments, and files with the config and the indices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo.definition.placeholders import filled
from hpo.definition.settings import HeldOut
from hpo.searching.metric import Metric
from hpo.searching.seeds import child_seed
from hpo.searching.space import Config, unpacked
from hpo.storage.splits import Indices, Partition
from hpo.training.cuts import Cut
from hpo.training.protocol import Assignment


@dataclass(frozen=True, eq=False)
class Data:
    """The data of a study whose program reads them itself: where they are, and how their examples divide."""

    path: str
    split: Partition
    numbers: HeldOut


@dataclass(frozen=True)
class Run:
    """One group of one training, as the program is told of it."""

    config: Config
    assignment: Assignment
    group: int
    cut: Cut
    metric: Metric
    data: Data | None = None

    @property
    def seed(self) -> int:
        """Its seed: a whole number that the random numbers of every language take."""
        return child_seed(self.assignment.seed, self.group)

    def command(
        self, command: tuple[str, ...], scratch: Path, *, begin: int, until: int, test: bool, checkpoint: Path | None
    ) -> list[str]:
        """Return `command` for the way from `begin` to `until` percent; the files that it names are in `scratch`."""
        files = self._indices(scratch)
        config = scratch / "config.json"
        plain = {name: unpacked(value) for name, value in self.config.items()}
        told: dict[str, Any] = {
            "config": plain,
            "stage": self.assignment.stage,
            "run": self.assignment.run,
            "group": self.group,
            "seed": self.seed,
            "samples": self.assignment.samples,
            "epochs": self.assignment.epochs,
            "rungs": list(self.assignment.rungs),
            "from": begin,
            "until": until,
            "metric": self.metric.name,
            "direction": self.metric.direction,
            "test_allowed": test,
            "data": None if self.data is None else self.data.path,
            "train": files.get("train"),
            "validation": files.get("validation"),
            "checkpoint": None if checkpoint is None else str(checkpoint),
        }
        config.write_text(json.dumps(told, indent=1), encoding="utf-8")
        values: Mapping[str, str] = {
            "config": str(config),
            "percent": str(until),
            "from": str(begin),
            "checkpoint": told["checkpoint"] or "",
            "seed": str(told["seed"]),
            "samples": str(told["samples"]),
            "epochs": str(told["epochs"]),
            "data": told["data"] or "",
            "train": told["train"] or "",
            "validation": told["validation"] or "",
            "test": "1" if test else "0",
        }
        return filled(command, values, plain)

    def _indices(self, scratch: Path) -> dict[str, str]:
        if self.data is None:
            return {}
        parts: dict[str, Indices] = {
            "train": self.cut.train(self.data.split),
            "validation": self.cut.validation(self.data.split, self.data.numbers),
        }
        paths = {}
        for name, indices in parts.items():
            path = scratch / f"{name}.txt"
            path.write_text("".join(f"{index}\n" for index in indices.tolist()), encoding="utf-8")
            paths[name] = str(path)
        return paths
