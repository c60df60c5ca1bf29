"""Random search, the peer without which no other says anything: Bergstra & Bengio, JMLR 13 (2012) 281-305."""

from __future__ import annotations

import numpy as np

from hpo.searching.space import Box
from tests.benchmarks.peers.problem import Config, Problem


def search(problem: Problem, seed: int) -> None:
    """Train configs drawn evenly on their axes (log-uniform where the axis is), each to its end."""
    rng = np.random.default_rng(seed)
    while True:
        problem.evaluate(draw(problem, problem.box, rng))


def draw(problem: Problem, box: Box, rng: np.random.Generator) -> Config:
    """Return a config drawn evenly in `box`."""
    return {name: h.at(box.interval(name), float(rng.random())) for name, h in problem.numeric.items()}
