"""FLAML's BlendSearch, as `flaml.tune.run` uses it by default where Optuna is installed.

https://microsoft.github.io/FLAML/docs/Use-Cases/Tune-User-Defined-Function. `low_cost_partial_config` is left out: it
is for hyperparameters that make a training cheaper (https://microsoft.github.io/FLAML/docs/FAQ), and none does here.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import optuna
from flaml import BlendSearch, tune

from hpo.searching.space import Interval, Numeric
from tests.benchmarks.peers.problem import Config, Problem

METRIC = "accuracy"


def blend_search(problem: Problem, seed: int) -> None:
    """Search with local searches that a global one starts."""
    logging.getLogger("flaml").setLevel(logging.ERROR)
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # its global search is Optuna's
    space = {name: _domain(h, problem.box.interval(name)) for name, h in problem.numeric.items()}

    def train(config: Config) -> dict[str, float]:
        return {METRIC: problem.evaluate(config)}

    # `run` has no seed of its own: the search that it would build is built here, with one.
    searcher = BlendSearch(metric=METRIC, mode="max", space=space, num_samples=problem.n_trials, seed=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Define-by-run function")  # where the machine is busy
        tune.run(train, search_alg=searcher, metric=METRIC, mode="max", num_samples=problem.n_trials, verbose=0)


def _domain(h: Numeric, interval: Interval) -> Any:
    if h.integer:
        return (tune.lograndint if h.log else tune.randint)(int(interval.low), int(interval.high) + 1)
    return (tune.loguniform if h.log else tune.uniform)(interval.low, interval.high)
