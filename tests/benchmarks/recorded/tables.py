"""Answer any config from a recorded table, as a training would: with a run that was recorded near by."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.space import Config, Numeric
from tests.benchmarks.peers.problem import RUNGS
from tests.benchmarks.recorded.designs import DESIGNS, Design
from tests.benchmarks.recorded.runs import read_runs

Floats = NDArray[np.float64]
NEIGHBOURS = 6
"""From how many recorded configs a config between them is answered, where the design is no grid."""

SMOOTHING = 0.6
"""The bandwidth of the truth, in spacings of the design: one to three runs a config are not the truth yet."""


@dataclass(frozen=True, slots=True)
class Run:
    """A training as the table answers it: accuracies (0..1) at each of RUNGS, and on the images that confirm."""

    validation: Mapping[int, float]
    train: Mapping[int, float]
    confirmation: float


class RecordedTable:
    """The runs of one design. Sizes are numbered as in `Design.all_sizes`; the last one is all of the data.

    A config between recorded ones is answered with a recorded run of one of its neighbours, drawn with their weights in
    interpolation (linear on a grid, else inverse squared distances). So its mean is the interpolated one, its noise is
    that of real runs, and no score is better than one that was seen: beside a cliff of divergence a run is good or bad.
    Outside the recorded ranges the nearest edge answers.
    """

    def __init__(self, design: Design, folder: Path) -> None:
        self.design = design
        self.space = design.definition.space
        self.full = len(design.sizes)
        self._runs = read_runs(folder, design.name)
        self._numeric = {name: h for name, h in self.space.hyperparameters.items() if isinstance(h, Numeric)}
        self._points = np.array([self._position(config) for config in design.configs])
        self._by_size: dict[int, list[Floats]] = {}

    @classmethod
    @functools.cache
    def named(cls, name: str, folder: Path) -> RecordedTable:
        """Return the table called `name`, read once."""
        return cls(DESIGNS[name], folder)

    def run(self, config: Config, size: int, seed: int) -> Run:
        """Return how a training of `config` with `seed` went: the same for the same three, paired over configs."""
        near, weights = self._neighbours(config)
        pick, which = np.random.default_rng([seed, size]).random(2)
        runs = self._columns(size)[near[min(int(np.searchsorted(np.cumsum(weights), pick)), len(near) - 1)]]
        answer = runs[int(which * len(runs))].tolist()
        rungs = len(RUNGS)
        return Run(
            dict(zip(RUNGS, answer[:rungs], strict=True)),
            dict(zip(RUNGS, answer[rungs : 2 * rungs], strict=True)),
            answer[-1],
        )

    def mean(self, config: Config, size: int = 0) -> float:
        """Return the accuracy that trainings of `config` on `size` come to on average, smoothed over neighbours."""
        near, weights = self._neighbours(config)
        return float(weights @ self._smooth(size)[near])

    def expected(self, config: Config) -> float:
        """Return the accuracy that `run` answers on average for the smallest subset, on the images that confirm."""
        near, weights = self._neighbours(config)
        return float(weights @ [self._columns(0)[each][:, -1].mean() for each in near])

    def highest_mean(self, size: int = 0) -> float:
        """Return the highest `mean` of the recorded configs."""
        return float(self._smooth(size).max())

    def truth(self, config: Config) -> float:
        """Return the accuracy on the test set that `config` reaches on all of the data, smoothed over neighbours."""
        return self.mean(config, self.full)

    @property
    def best(self) -> float:
        """The highest `truth` of the recorded configs."""
        return self.highest_mean(self.full)

    @property
    def optimum(self) -> Config:
        """The recorded config with the highest mean on the smallest subset."""
        return self.design.configs[int(self._smooth(0).argmax())]

    @functools.cache  # noqa: B019 - a table lives as long as its benchmark
    def _smooth(self, size: int) -> Floats:
        """Return the kernel means over the design, (n,): of test accuracies on all of the data, else confirmation."""
        runs = self._of(size, "test" if size == self.full else "confirmation")
        distances = np.sqrt(((self._points[:, None] - self._points[None]) ** 2).sum(axis=2))
        spacing = np.median(np.sort(distances, axis=1)[:, 1])
        weights = np.exp(-0.5 * (distances / (SMOOTHING * spacing)) ** 2) * np.array([len(each) for each in runs])
        smooth: Floats = weights @ np.array([each.mean() for each in runs]) / weights.sum(axis=1)
        return smooth

    def _of(self, size: int, name: str) -> list[Floats]:
        """Return the runs of each config, each of shape (runs, 1) or (runs, rungs)."""
        found: list[list[Any]] = [[] for _ in self.design.configs]
        for (config, its_size, _), run in sorted(self._runs.items()):
            if its_size == size:
                found[config].append(np.atleast_1d(run[name]))
        return [np.array(runs, dtype=np.float64) for runs in found]

    def _columns(self, size: int) -> list[Floats]:
        """Return the runs of each config, (runs, columns): validation and train accuracy at each rung, confirmation."""
        if size not in self._by_size:
            kept = (self._of(size, name) for name in ("validation", "train", "confirmation"))
            self._by_size[size] = [np.hstack(each) for each in zip(*kept, strict=True)]
        return self._by_size[size]

    def _position(self, config: Config) -> list[float]:
        """Return where `config` lies in the unit cube of the recorded ranges; beyond them, at their edge."""
        place = []
        for name, h in self._numeric.items():
            low, high = h.axis(h.limits)
            place.append(min(max((h.to_axis(float(config[name])) - low) / (high - low), 0.0), 1.0))
        return place

    def _neighbours(self, config: Config) -> tuple[NDArray[Any], Floats]:
        position = np.array(self._position(config))
        if self.design.grid:
            return _corners(self.design.grid, position)
        squared = ((self._points - position) ** 2).sum(axis=1)
        near = np.argsort(squared, kind="stable")[:NEIGHBOURS]
        weights = 1 / (squared[near] + 1e-9)
        return near, weights / weights.sum()


def _corners(shape: tuple[int, ...], position: Floats) -> tuple[NDArray[Any], Floats]:
    """Return the flat indices of the grid cell around `position` with their weights in linear interpolation."""
    scaled = position * (np.array(shape) - 1)
    low = np.minimum(scaled.astype(int), np.array(shape) - 2)
    share = scaled - low
    near, weights = [], []
    for corner in itertools.product((0, 1), repeat=len(shape)):
        near.append(np.ravel_multi_index(tuple(low + corner), shape))
        weights.append(np.prod(np.where(np.array(corner) == 1, share, 1 - share)))
    return np.array(near), np.array(weights)
