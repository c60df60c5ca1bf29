"""Answer any config from a recorded table, as a training would: with a run that was recorded near by."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from hpo.searching.space import Config, Numeric
from tests.benchmarks.peers.problem import RUNGS
from tests.benchmarks.recorded.designs import DESIGNS, Design
from tests.benchmarks.recorded.runs import read_runs
from tests.benchmarks.recorded.surrogate import Surrogate

Floats = NDArray[np.float64]
BETWEEN = 12
"""The best of a space is looked for at so many doublings of one point, between what was recorded."""


@dataclass(frozen=True, slots=True)
class Run:
    """A training as the table answers it: accuracies (0..1) at each of RUNGS, and on the images that confirm."""

    validation: Mapping[int, float]
    train: Mapping[int, float]
    confirmation: float


class RecordedTable:
    """The runs of one design. Sizes are numbered as in `Design.all_sizes`; the last one is all of the data.

    On a grid, a config between recorded ones is answered with a recorded run of one of its neighbours, drawn with their
    weights in linear interpolation. So its mean is the interpolated one, its noise is that of real runs, and no score
    is better than one that was seen: beside a cliff of divergence a run is good or bad. Elsewhere neighbours differ in
    everything, and a `Surrogate` answers. Outside the recorded ranges the nearest edge does.
    """

    def __init__(self, design: Design, folder: Path) -> None:
        self.design = design
        self.space = design.definition.space
        self.full = len(design.sizes)
        self._runs = read_runs(folder, design.name)
        self._numeric = {name: h for name, h in self.space.hyperparameters.items() if isinstance(h, Numeric)}
        self._points = np.array([self._position(config) for config in design.configs])

    @classmethod
    @functools.cache
    def named(cls, name: str, folder: Path) -> RecordedTable:
        """Return the table called `name`, read once."""
        return cls(DESIGNS[name], folder)

    def run(self, config: Config, size: int, seed: int) -> Run:
        """Return how a training of `config` with `seed` went: the same for the same three, paired over configs."""
        pick, which = np.random.default_rng([seed, size]).random(2)
        if self.design.grid:
            near, weights = self._neighbours(config)
            runs = self._columns(size)[near[min(int(np.searchsorted(np.cumsum(weights), pick)), len(near) - 1)]]
            answer = runs[int(which * len(runs))].tolist()
        else:
            answer = self._surrogate(size).run(np.array(self._position(config)), which).tolist()
        rungs = len(RUNGS)
        return Run(
            dict(zip(RUNGS, answer[:rungs], strict=True)),
            dict(zip(RUNGS, answer[rungs : 2 * rungs], strict=True)),
            answer[2 * rungs],
        )

    def mean(self, config: Config, size: int = 0) -> float:
        """Return the accuracy that trainings of `config` on `size` come to on average.

        That is what `run` answers on average where every config that matters has many runs: for the smallest subset of
        a grid. Elsewhere a `Surrogate` tells the mean of one to three runs from their luck. On all of the data it is
        the accuracy on the test set, else on the images that confirm.
        """
        if self._many_runs(size):
            near, weights = self._neighbours(config)
            return float(weights @ self._means(size)[near])
        return float(self._surrogate(size).means(np.array([self._position(config)]))[0, -1])

    def expected(self, config: Config, size: int = 0) -> float:
        """Return the validation accuracy at the end of a training that `run` answers with on average."""
        last = len(RUNGS) - 1
        if self.design.grid:
            near, weights = self._neighbours(config)
            return float(weights @ self._expected(size)[near])
        return float(self._surrogate(size).means(np.array([self._position(config)]))[0, last])

    def expected_at(self, points: Floats, size: int = 0) -> Floats:
        """Return the same at `points` of the unit cube of the recorded ranges, (m, d): (m,)."""
        if not self.design.grid:
            return np.asarray(self._surrogate(size).means(points)[:, len(RUNGS) - 1])
        corners = [_corners(self.design.grid, point) for point in points]
        return np.array([weights @ self._expected(size)[near] for near, weights in corners])

    @functools.cache  # noqa: B019 - a table lives as long as its benchmark
    def highest_mean(self, size: int = 0) -> float:
        """Return the highest `mean` of all configs, recorded and between them.

        The highest of many means is a lucky one, by a few tenths of a point even where they are of twenty runs. What is
        lost against it is rather overstated.
        """
        if self._many_runs(size):
            return float(self._means(size).max())
        between = qmc.Sobol(self._points.shape[1], seed=1).random_base2(BETWEEN)
        return float(max(self._surrogate(size).means(points)[:, -1].max() for points in (self._points, between)))

    def truth(self, config: Config) -> float:
        """Return the accuracy on the test set that `config` reaches on all of the data on average."""
        return self.mean(config, self.full)

    @property
    def best(self) -> float:
        """The highest `truth` of all configs."""
        return self.highest_mean(self.full)

    @property
    def optimum(self) -> Config:
        """The recorded config with the highest mean on the smallest subset."""
        return self.design.configs[int(self._means(0).argmax())]

    def _many_runs(self, size: int) -> bool:
        return bool(self.design.grid) and size == 0

    @functools.cache  # noqa: B019 - a table lives as long as its benchmark
    def _means(self, size: int) -> Floats:
        """Return the means of the runs over the design, (n,)."""
        return np.array([each[:, -1].mean() for each in self._columns(size)])

    @functools.cache  # noqa: B019 - as above
    def _expected(self, size: int) -> Floats:
        """Return the means of the runs' validation accuracies over the design, (n,)."""
        return np.array([each[:, len(RUNGS) - 1].mean() for each in self._columns(size)])

    def _of(self, size: int, name: str) -> list[Floats]:
        """Return the runs of each config, each of shape (runs, 1) or (runs, rungs)."""
        found: list[list[Any]] = [[] for _ in self.design.configs]
        for (config, its_size, _), run in sorted(self._runs.items()):
            if its_size == size:
                found[config].append(np.atleast_1d(run[name]))
        return [np.array(runs, dtype=np.float64) for runs in found]

    @functools.cache  # noqa: B019 - as above
    def _surrogate(self, size: int) -> Surrogate:
        columns = self._columns(size)
        if size == self.full:
            columns = [np.hstack(each) for each in zip(columns, self._of(size, "test"), strict=True)]
        return Surrogate(self._points, columns)

    @functools.cache  # noqa: B019 - as above
    def _columns(self, size: int) -> list[Floats]:
        """Return the runs of each config, (runs, columns): validation and train accuracy at each rung, confirmation."""
        kept = (self._of(size, name) for name in ("validation", "train", "confirmation"))
        return [np.hstack(each) for each in zip(*kept, strict=True)]

    def _position(self, config: Config) -> list[float]:
        """Return where `config` lies in the unit cube of the recorded ranges; beyond them, at their edge."""
        place = []
        for name, h in self._numeric.items():
            low, high = h.axis(h.limits)
            place.append(min(max((h.to_axis(float(config[name])) - low) / (high - low), 0.0), 1.0))
        return place

    def _neighbours(self, config: Config) -> tuple[NDArray[Any], Floats]:
        return _corners(self.design.grid, np.array(self._position(config)))


def _corners(shape: tuple[int, ...], position: Floats) -> tuple[NDArray[Any], Floats]:
    """Return the flat indices of the grid cell around `position` with their weights in linear interpolation."""
    near, weights = [0], [1.0]
    for n, place in zip(shape, position.tolist(), strict=True):
        scaled = place * (n - 1)
        low = min(int(scaled), n - 2)
        share = scaled - low
        near = [flat * n + low + side for flat in near for side in (0, 1)]
        weights = [weight * part for weight in weights for part in (1 - share, share)]
    return np.array(near), np.array(weights)
