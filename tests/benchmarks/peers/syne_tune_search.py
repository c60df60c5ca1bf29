"""Syne Tune, its schedulers asked and told as in its `examples/launch_ask_tell_scheduler_hyperband.py`.

- ASHA (Li et al., arXiv:1810.05934), `grace_period` the first rung and `max_t` the last, all else its defaults:
  https://syne-tune.readthedocs.io/en/latest/faq.html#how-do-i-set-arguments-of-multi-fidelity-schedulers
- The bounding box of what was best in earlier searches (Perrone et al., NeurIPS 2019), random search inside it:
  https://syne-tune.readthedocs.io/en/latest/tutorials/transfer_learning/transfer_learning.html
"""

from __future__ import annotations

import contextlib
import datetime
import io
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from syne_tune import config_space
from syne_tune.backend.trial_status import Trial
from syne_tune.optimizer.baselines import ASHA
from syne_tune.optimizer.scheduler import SchedulerDecision
from syne_tune.optimizer.schedulers.single_objective_scheduler import SingleObjectiveScheduler
from syne_tune.optimizer.schedulers.transfer_learning.bounding_box import BoundingBox
from syne_tune.optimizer.schedulers.transfer_learning.transfer_learning_task_evaluation import (
    TransferLearningTaskEvaluations,
)

from hpo.searching.space import Interval, Numeric
from tests.benchmarks.peers.problem import Earlier, Problem

METRIC, STEPS = "accuracy", "percent"


logging.getLogger("syne_tune").setLevel(logging.ERROR)


def asha(problem: Problem, seed: int) -> None:
    """Draw at random, and stop a training at a rung unless it is among the best third of those that came so far."""
    scheduler = ASHA(
        _space(problem),
        metric=METRIC,
        time_attr=STEPS,
        max_t=problem.rungs[-1],
        grace_period=problem.rungs[0],
        do_minimize=False,
        random_seed=seed,
    )
    with _seeded(seed):
        _search(problem, scheduler, problem.rungs)


def bounding_box(problem: Problem, seed: int) -> None:
    """Draw at random in the box around the best config of each earlier search."""
    if not problem.earlier:
        raise ValueError("the bounding box needs earlier searches to learn from: give the problem some")
    space = _space(problem)
    tasks = {str(number): _task(space, search) for number, search in enumerate(problem.earlier)}
    with _seeded(seed), contextlib.redirect_stdout(io.StringIO()):  # it prints the box
        scheduler = BoundingBox(
            lambda space, metric, do_minimize, seed: SingleObjectiveScheduler(
                space, metric=metric, do_minimize=do_minimize, random_seed=seed
            ),
            space,
            metric=METRIC,
            transfer_learning_evaluations=tasks,
            do_minimize=False,
            random_seed=seed,
        )
        _search(problem, scheduler, problem.rungs[-1:])


def _search(problem: Problem, scheduler: Any, rungs: tuple[int, ...]) -> None:
    number = 0
    while True:
        trial = Trial(trial_id=number, config=scheduler.suggest().config, creation_time=datetime.datetime.now())
        number += 1
        scheduler.on_trial_add(trial)
        training = problem.start(trial.config)
        for percent in rungs:
            result = {METRIC: training.advance(percent), STEPS: percent}
            if scheduler.on_trial_result(trial, result) == SchedulerDecision.STOP:
                scheduler.on_trial_remove(trial)
                break
        else:
            scheduler.on_trial_complete(trial, result)


def _space(problem: Problem) -> dict[str, Any]:
    return {name: _domain(h, problem.box.interval(name)) for name, h in problem.numeric.items()}


def _domain(h: Numeric, interval: Interval) -> Any:
    if h.integer:
        return (config_space.lograndint if h.log else config_space.randint)(int(interval.low), int(interval.high))
    return (config_space.loguniform if h.log else config_space.uniform)(interval.low, interval.high)


def _task(space: dict[str, Any], search: Earlier) -> TransferLearningTaskEvaluations:
    """Return an earlier search as the table of one task: (configs, 1 seed, 1 fidelity, 1 objective)."""
    configs = pd.DataFrame([dict(config) for config, _ in search])[list(space)]
    scores = np.array([score for _, score in search]).reshape(-1, 1, 1, 1)
    return TransferLearningTaskEvaluations(space, configs, [METRIC], scores)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator: version 0.16 draws its random configs from it, whatever seed it is given."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
