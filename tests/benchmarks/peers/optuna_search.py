"""Optuna, each search as its documentation shows it, with its samplers' defaults.

- TPE: the default sampler of `create_study`.
  https://optuna.readthedocs.io/en/stable/tutorial/10_key_features/003_efficient_optimization_algorithms.html
- TPE with Hyperband: the pruner that the same page names for TPE, as on its own page, `min_resource` the first rung and
  `max_resource` the last: https://optuna.readthedocs.io/en/stable/reference/generated/optuna.pruners.HyperbandPruner.html
- Gaussian processes: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.GPSampler.html
- CMA-ES: https://optuna.readthedocs.io/en/stable/reference/samplers/generated/optuna.samplers.CmaEsSampler.html
"""

from __future__ import annotations

import warnings

import optuna

from tests.benchmarks.peers.problem import Problem

REDUCTION = 3  # the pruner's default


def tpe(problem: Problem, seed: int) -> None:
    """Search with the default sampler."""
    _search(problem, optuna.samplers.TPESampler(seed=seed))


def tpe_hyperband(problem: Problem, seed: int) -> None:
    """Search with the default sampler, and stop trainings by Hyperband."""
    pruner = optuna.pruners.HyperbandPruner(
        min_resource=problem.rungs[0], max_resource=problem.rungs[-1], reduction_factor=REDUCTION
    )
    _search(problem, optuna.samplers.TPESampler(seed=seed), pruner)


def gaussian_process(problem: Problem, seed: int) -> None:
    """Search with a Gaussian process."""
    _search(problem, optuna.samplers.GPSampler(seed=seed))


def cma_es(problem: Problem, seed: int) -> None:
    """Search with CMA-ES."""
    _search(problem, optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False))


def _search(
    problem: Problem, sampler: optuna.samplers.BaseSampler, pruner: optuna.pruners.BasePruner | None = None
) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # The pruner picks a trial's bracket by the study's name, which would otherwise be drawn afresh.
        study = optuna.create_study(study_name="peer", direction="maximize", sampler=sampler, pruner=pruner)
        while True:
            _trial(problem, study, judge=pruner is not None)


def _trial(problem: Problem, study: optuna.Study, *, judge: bool) -> None:
    trial = study.ask(problem.space.distributions(problem.box))
    training = problem.start(trial.params)
    for percent in problem.rungs if judge else problem.rungs[-1:]:
        score = training.advance(percent)
        if judge:
            trial.report(score, percent)
            if percent < problem.rungs[-1] and trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                return
    study.tell(trial, score)
