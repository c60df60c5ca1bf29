"""The same budget spent by Optuna, as its documentation shows it: TPE, random search, one-epoch successive halving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import optuna

from hpo.definition.study import StudyDefinition
from tests.benchmarks.own_training.searching import curve_of
from tests.benchmarks.own_training.subjects import Subject

Peer = Callable[[Subject, StudyDefinition, float, int], Mapping[str, Any]]
"""(subject, its study, budget in whole trainings, seed) to the config of the tool's best trial."""


def tpe(subject: Subject, definition: StudyDefinition, budget: float, seed: int) -> Mapping[str, Any]:
    """Return the best of as many whole trainings, proposed by the default sampler."""
    return _best(subject, definition, budget, optuna.samplers.TPESampler(seed=seed))


def at_random(subject: Subject, definition: StudyDefinition, budget: float, seed: int) -> Mapping[str, Any]:
    """Return the best of as many whole trainings, drawn at random."""
    return _best(subject, definition, budget, optuna.samplers.RandomSampler(seed=seed))


def one_epoch_halving(subject: Subject, definition: StudyDefinition, budget: float, seed: int) -> Mapping[str, Any]:
    """Return the best of those that reached the end, of random configs that are judged from their first epoch on."""
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    return _best(subject, definition, budget, optuna.samplers.RandomSampler(seed=seed), pruner)


PEERS: Mapping[str, Peer] = {"tpe": tpe, "random": at_random, "one-epoch halving": one_epoch_halving}


def _best(
    subject: Subject,
    definition: StudyDefinition,
    budget: float,
    sampler: optuna.samplers.BaseSampler,
    pruner: optuna.pruners.BasePruner | None = None,
) -> Mapping[str, Any]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner or optuna.pruners.NopPruner())
    spent, run = 0.0, 0
    while spent < budget:
        trial = study.ask(definition.space.distributions(definition.space.start()))
        curve = curve_of(subject, definition, trial.params, run)
        run += 1
        spent += _told(study, trial, curve, judged=pruner is not None and subject.rungs)
    return study.best_trial.params


def _told(study: optuna.Study, trial: optuna.Trial, curve: Mapping[int, float], *, judged: bool) -> float:
    """Tell the study of a training, as far as it lets it go, and return the share of it that was made."""
    if judged:
        for power, (percent, score) in enumerate(curve.items()):
            trial.report(score, 3**power)  # epochs, as far as the pruner looks
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                return percent / 100
    study.tell(trial, curve[100])
    return 1.0
