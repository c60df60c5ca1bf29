"""Hyperopt's TPE, called as on https://www.github.com/hyperopt/hyperopt/wiki/FMin: `fmin` with `tpe.suggest`."""

from __future__ import annotations

import math
from typing import Any

import hyperopt
import numpy as np

from hpo.searching.space import Interval, Numeric
from tests.benchmarks.peers.problem import Config, Problem


def tpe(problem: Problem, seed: int) -> None:
    """Minimise 1 - accuracy with the defaults of `fmin`."""

    def loss(config: Config) -> float:
        return 1 - problem.evaluate(config)

    hyperopt.fmin(
        loss,
        {name: _domain(name, h, problem.box.interval(name)) for name, h in problem.numeric.items()},
        algo=hyperopt.tpe.suggest,
        max_evals=problem.n_trials,
        rstate=np.random.default_rng(seed),
        verbose=False,
        show_progressbar=False,
    )


def _domain(name: str, h: Numeric, interval: Interval) -> Any:
    if not h.log:
        return (hyperopt.hp.uniformint if h.integer else hyperopt.hp.uniform)(name, interval.low, interval.high)
    low, high = math.log(interval.low), math.log(interval.high)
    if h.integer:
        return hyperopt.hp.qloguniform(name, low, high, 1)
    return hyperopt.hp.loguniform(name, low, high)
