"""Answer any config from a recorded table, as a training would: with the noise of a recorded run near by."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo.space import Config, Numeric
from tests.benchmarks.recorded.designs import RUNGS, Design
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

    A config between recorded ones has the interpolated mean of its neighbours (linear on a grid, else weighted by
    inverse squared distance), plus what one recorded run of one of them differed from that one's mean. Outside the
    recorded ranges the nearest edge answers.
    """

    def __init__(self, design: Design, folder: Path) -> None:
        self.design = design
        self.space = design.definition.space
        self.full = len(design.sizes)
        self._runs = read_runs(folder, design.name)
        self._numeric = {name: h for name, h in self.space.hyperparameters.items() if isinstance(h, Numeric)}
        self._points = np.array([self._position(config) for config in design.configs])
        self._arrays: dict[tuple[int, str], list[Floats]] = {}

    def run(self, config: Config, size: int, seed: int) -> Run:
        """Return how a training of `config` with `seed` went: the same for the same three, paired over configs."""
        near, weights = self._neighbours(config)
        pick, which = np.random.default_rng([seed, size]).random(2)
        neighbour = near[min(int(np.searchsorted(np.cumsum(weights), pick)), len(near) - 1)]
        answered = {}
        for name in _KEPT:
            recorded = self._of(size, name)
            answer = np.asarray(sum(w * recorded[i].mean(axis=0) for i, w in zip(near, weights, strict=True)))
            answered[name] = np.clip(answer + _unlikeness(recorded[neighbour], which), 0.0, 1.0)
        return Run(
            dict(zip(RUNGS, answered["validation"].tolist(), strict=True)),
            dict(zip(RUNGS, answered["train"].tolist(), strict=True)),
            float(answered["confirmation"][0]),
        )

    def mean(self, config: Config, size: int, name: str = "confirmation") -> float:
        """Return the interpolated mean over all recorded seeds of what a run of `size` came to at its end."""
        near, weights = self._neighbours(config)
        return float(sum(w * self._of(size, name)[i].mean(axis=0)[-1] for i, w in zip(near, weights, strict=True)))

    def truth(self, config: Config) -> float:
        """Return the accuracy on the test set that `config` reaches on all of the data, smoothed over neighbours."""
        near, weights = self._neighbours(config)
        return float(weights @ self._smooth_truth[near])

    @property
    def best(self) -> float:
        """The highest `truth` of the recorded configs."""
        return float(self._smooth_truth.max())

    @cached_property
    def optimum(self) -> Config:
        """The recorded config with the highest truth."""
        return self.design.configs[int(self._smooth_truth.argmax())]

    @cached_property
    def _smooth_truth(self) -> Floats:
        means = np.array([runs.mean() for runs in self._of(self.full, "test")])
        counts = np.array([len(runs) for runs in self._of(self.full, "test")])
        distances = np.sqrt(((self._points[:, None] - self._points[None]) ** 2).sum(axis=2))
        spacing = np.median(np.sort(distances, axis=1)[:, 1])
        weights = np.exp(-0.5 * (distances / (SMOOTHING * spacing)) ** 2) * counts
        smooth: Floats = weights @ means / weights.sum(axis=1)
        return smooth

    def _of(self, size: int, name: str) -> list[Floats]:
        """Return the runs of each config, shape (runs, 1) or (runs, rungs)."""
        if (size, name) not in self._arrays:
            found: list[list[Any]] = [[] for _ in self.design.configs]
            for (config, its_size, _), run in sorted(self._runs.items()):
                if its_size == size:
                    found[config].append(np.atleast_1d(run[name]))
            self._arrays[size, name] = [np.array(runs, dtype=np.float64) for runs in found]
        return self._arrays[size, name]

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


_KEPT = ("validation", "train", "confirmation")


def _unlikeness(runs: Floats, which: float) -> Floats:
    """Return what the run at `which` (0..1) of `runs` (n, R) differs from their mean, of shape (R,)."""
    if len(runs) < 2:
        return np.zeros(runs.shape[1])
    # The mean of n runs took a share 1/n of their variance with it.
    unlike: Floats = (runs[int(which * len(runs))] - runs.mean(axis=0)) * np.sqrt(len(runs) / (len(runs) - 1))
    return unlike


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
