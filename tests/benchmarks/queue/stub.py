"""A study whose trials train nothing, on a few images of noise, and the stub that stands in for a training."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo import models
from hpo.definition.abilities import EVERYTHING, Abilities
from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.models.checkpoint import network_bytes
from hpo.searching.queued import DONE
from hpo.searching.space import Config
from hpo.storage.datasets import Located, load_training_part, locate
from hpo.training.images import StudyData
from hpo.training.kinds import trainer_of
from hpo.training.protocol import Assignment, OpenTest, Point, Score

NAME = "bench"
HITS = np.random.default_rng(0).random((1, 500)) < 0.8
"""As many validation images as our presets have."""
POINTS = tuple(
    Point(0, 5 * k, k / 8, 0.7123, train=0.8123, train_loss=0.5123, validation_loss=0.6123, seconds=0.01 * k)
    for k in range(1, 9)
)
CURVES = [POINTS[:k] for k in range(9)]
"""As many points as a trial has, made before: what a stub takes is no part of what is measured."""


@dataclass(frozen=True)
class Stub:
    """What the product knows of the study beside the database; and its trainer, which trains nothing."""

    definition: StudyDefinition
    data: StudyData
    located: Located
    pause: float = 0.0
    """Seconds that a trial takes."""

    @property
    def abilities(self) -> Abilities:
        """Everything, as far as anybody can tell."""
        return EVERYTHING

    @property
    def stops_anywhere(self) -> bool:
        """As our networks do."""
        return True

    def start(self, config: Config, assignment: Assignment, open_test: OpenTest) -> StubRun:
        """Return what says at once how it stands; a network is built only where one is kept or tested."""
        networks: list[models.Network] = []
        if assignment.keeps or assignment.test_allowed:
            trainer = trainer_of(self.definition, self.data)
            networks = trainer.start(config, assignment, open_test).networks  # type: ignore[attr-defined]
        return StubRun(config, assignment, open_test, networks, self.pause)

    def close(self) -> None:
        """There is nothing to give back."""


def stub_study(folder: Path, rounds: Sequence[int], *, rungs: Sequence[float] = (), pause: float = 0.0) -> Stub:
    """Return a study of `rounds` with so many trials, whose images are written to `folder`."""
    path = folder / "noise.npz"
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (240, 4, 4), dtype=np.uint8)
    labels = np.arange(240) % 2
    np.savez(path, x_train=images[:200], y_train=labels[:200], x_test=images[200:], y_test=labels[200:])
    tables: dict[str, Any] = {
        "title": "trials that train nothing",
        "seed": 7,
        "data": {"dataset": str(path), "holdout": 100, "validation": 50, "confirmation": 50},
        "model": {"network": "mlp", "hidden": [4]},
        "training": {"batch_size": 10},
        "space": {
            "learning_rate": {"log": True, "start": [1e-4, 1e-2], "limits": [1e-6, 10.0]},
            "weight_decay": {"log": True, "start": [1e-6, 1e-3], "limits": [1e-8, 1.0]},
        },
        "search": {"sampler": "random", "groups": 1, "rungs": list(rungs), "keep": 0.5, "min_gain": 0.0},
        "rounds": [{"trials": trials, "samples": 40, "epochs": 1} for trials in rounds],
        "final": {"good_values": 1, "race_runs": 2, "confirmation_runs": 2, "seeds": 1, "epochs": 1, "probe": False},
    }
    definition = read_definition(NAME, tables)
    located = locate(definition.data.dataset, data_dir=None, offline=True, announce=lambda _: None)
    data = StudyData.build(definition, located, load_training_part(located))
    return Stub(data.settled(definition), data, located, pause)


class StubRun:
    """Stands where a NetworkTraining would: the same results, of the same size, at once."""

    def __init__(
        self,
        config: Config,
        assignment: Assignment,
        open_test: OpenTest,
        networks: list[models.Network],
        pause: float,
    ) -> None:
        self._config, self._assignment, self._open_test = config, assignment, open_test
        self._networks, self._pause = networks, pause
        self.percent = 0

    def advance(self, percent: int) -> Score:
        """Return what a training to `percent` might say."""
        if self._pause:
            time.sleep(self._pause * (percent - self.percent) / DONE)
        self.percent = percent
        value = _value(self._config, self._assignment.seed, percent)
        return Score(
            value,
            train=min(1.0, value + 0.05),
            test=self._tested() if self._assignment.test == "at the end" and percent == DONE else None,
            points=CURVES[-(-8 * percent // DONE)],
            hits=HITS,
            seconds=0.01,
        )

    def kept(self) -> bytes:
        """Return a network as it is before training, in the bytes of a file."""
        return network_bytes(self._networks[0])

    def close(self) -> None:
        """There is nothing to give back."""

    def _tested(self) -> float:
        part = self._open_test()
        return self._networks[0].evaluate(models.Examples(part.images, part.labels)).accuracy


def _value(config: Config, seed: int, percent: int) -> float:
    """Return an accuracy that depends on the config, the trial's seed and how far it is, and on nothing else."""
    u, v = (math.log10(float(config[name])) for name in ("learning_rate", "weight_decay"))
    mean = 0.9 * math.exp(-0.5 * ((u + 1.5) / 1.5) ** 2) - 0.005 * abs(v + 4)
    noise = zlib.crc32(f"{seed} {percent}".encode()) / 2**32 - 0.5
    return min(1.0, max(0.0, mean * (0.6 + 0.4 * percent / DONE) + 0.04 * noise))
