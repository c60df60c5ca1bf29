"""A search problem made of formulas: a hill over learning rate and weight decay, beside a cliff of divergence."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from hpo.searching.space import Interval, Numeric, SearchSpace
from tests.benchmarks.peers.problem import RUNGS, Config, Problem

CHANCE = 0.1
RUN_NOISE, LOOK_NOISE = 0.02, 0.01
"""Standard deviations of a training's luck, and of one look at it with 500 images or so."""


def _numeric(low: float, high: float, *, log: bool = True, integer: bool = False) -> Numeric:
    return Numeric(Interval(low, high), Interval(low, high), log, integer)


TWO = {"learning_rate": _numeric(1e-4, 3.0), "weight_decay": _numeric(1e-6, 1.0)}
FOUR = {**TWO, "dropout": _numeric(0.0, 0.6, log=False), "batch_size": _numeric(32, 400, integer=True)}


def synthetic(n_trials: int, seed: int, hyperparameters: Mapping[str, Numeric] = FOUR) -> Problem:
    """Return a problem whose luck comes from `seed`: training k is as lucky for any config, and for any peer."""
    space = SearchSpace(hyperparameters)

    def curve(config: Config, number: int) -> dict[int, float]:
        rng = np.random.default_rng([seed, number])
        diverges = rng.random() < _risk(config)
        luck = RUN_NOISE * rng.standard_normal() + LOOK_NOISE * rng.standard_normal(len(RUNGS))
        heights = [CHANCE if diverges else _height(config, percent) for percent in RUNGS]
        return {p: min(max(h + e, 0.0), 1.0) for p, h, e in zip(RUNGS, heights, luck.tolist(), strict=True)}

    return Problem(space, space.limits(), n_trials, curve)


def truth(config: Config) -> float:
    """Return the mean accuracy of `config` at 100 %, over luck and divergence."""
    risk = _risk(config)
    return risk * CHANCE + (1 - risk) * _height(config, 100)


def _risk(config: Config) -> float:
    """Return how likely a training diverges: half at a learning rate of .63, next to never at .4."""
    return 1 / (1 + math.exp(-25 * (math.log10(config["learning_rate"]) + 0.2)))


def _height(config: Config, percent: int) -> float:
    """Return the accuracy of a training that does not diverge: high learning rates get there sooner."""
    rate, decay = math.log10(config["learning_rate"]), math.log10(config["weight_decay"])
    top = 0.88 - 0.03 * (rate + 0.8) ** 2 - 0.02 * (decay + 3) ** 2
    top -= 0.3 * (config.get("dropout", 0.2) - 0.2) ** 2 + 0.05 * math.log10(config.get("batch_size", 100) / 100) ** 2
    return CHANCE + (max(top, CHANCE) - CHANCE) * (1 - math.exp(-percent / 100 * config["learning_rate"] / 0.01))
