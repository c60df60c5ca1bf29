"""SMAC3, asked and told as on https://automl.github.io/SMAC3/latest/examples/1%20Basics/3_ask_and_tell/.

- Its facade for hyperparameters: a random forest, and an incumbent is trained again, up to three times, before it is
  trusted. https://automl.github.io/SMAC3/latest/api/smac/facade/hyperparameter_optimization_facade/
- Its facade for trainings of several lengths: the same forest with Hyperband.
  https://automl.github.io/SMAC3/latest/api/smac/facade/multi_fidelity_facade/

SMAC says by itself which config it trusts; that is what it recommends here. Its trace depends on Python's string
hashes, so two processes repeat each other only with the same PYTHONHASHSEED.
"""

from __future__ import annotations

import logging
import math
import tempfile
from pathlib import Path
from typing import Any

import ConfigSpace
import joblib
from smac import HyperparameterOptimizationFacade, MultiFidelityFacade, Scenario
from smac.facade.abstract_facade import AbstractFacade
from smac.intensifier.hyperband_utils import get_n_trials_for_hyperband_multifidelity
from smac.runhistory.dataclasses import TrialValue

from hpo.searching.space import Interval, Numeric
from tests.benchmarks.peers.problem import Problem, Training


def forest(problem: Problem, seed: int) -> None:
    """Search with a random forest, every training to its end."""
    _search(problem, HyperparameterOptimizationFacade, seed, n_trials=problem.n_trials)


def multi_fidelity(problem: Problem, seed: int) -> None:
    """Search with a random forest and Hyperband."""
    low, high = problem.rungs[0], problem.rungs[-1]
    n_trials = get_n_trials_for_hyperband_multifidelity(high * problem.n_trials, low, high, print_summary=False)
    _search(problem, MultiFidelityFacade, seed, n_trials=n_trials, min_budget=low, max_budget=high)


def _search(problem: Problem, facade: type[AbstractFacade], seed: int, **budget: int) -> None:
    for name in ("smac", "ConfigSpace"):
        logging.getLogger(name).setLevel(logging.ERROR)
    space = ConfigSpace.ConfigurationSpace(seed=seed)
    space.add([_domain(name, h, problem.box.interval(name)) for name, h in problem.numeric.items()])
    # Its forest takes a thread for every core; a benchmark gives each search one.
    with tempfile.TemporaryDirectory() as folder, joblib.parallel_config(backend="sequential"):
        scenario = Scenario(space, output_directory=Path(folder), seed=seed, **budget)
        _ask_and_tell(problem, facade(scenario, None, logging_level=False, overwrite=True))


def _ask_and_tell(problem: Problem, smac: Any) -> None:
    trainings: dict[Any, Training] = {}
    while True:
        asked = smac.ask()
        key = (asked.config, asked.seed)
        if key not in trainings:
            trainings[key] = problem.start(dict(asked.config))
        percent = problem.rungs[-1] if asked.budget is None else _rung(problem, asked.budget)
        smac.tell(asked, TrialValue(cost=1 - trainings[key].advance(percent)), save=False)
        incumbent = smac.intensifier.get_incumbent()
        if incumbent is not None:
            problem.recommend(dict(incumbent))


def _domain(name: str, h: Numeric, interval: Interval) -> Any:
    if h.integer:
        return ConfigSpace.Integer(name, (int(interval.low), int(interval.high)), log=h.log)
    return ConfigSpace.Float(name, (interval.low, interval.high), log=h.log)


def _rung(problem: Problem, budget: float) -> int:
    """Return the rung nearest to `budget` percent: SMAC divides the last one by 3 as often as the first one allows."""
    return min(problem.rungs, key=lambda percent: abs(math.log(percent / budget)))
