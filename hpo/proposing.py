"""Which configs a round tries: n points in a box, from a sampler chosen by name. Same arguments, same configs.

Optuna's samplers run in memory, on a study made for the occasion whose ranges are the box. The database never hears of
it, so the proposals do not depend on how many workers there are or in which order they finish.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import optuna
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import create_trial

from hpo.space import Box, Numeric, SearchSpace, Value
from hpo.trials import TrialResult

WIDE_SHARE = 0.1
"""The share of a narrowed round's configs that is drawn from the limits, so that a wrong box can be left again."""


def propose(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], *, n: int, seed: int, sampler: str
) -> list[dict[str, Value]]:
    """Return `n` configs for a round that looks in `box`.

    `trials` are the comparable finished trials (imputed scores where stopped); samplers that learn see those inside the
    box. In a round after the first, a tenth of the configs is drawn from the whole limits. A grid knows no boxes.
    """
    if sampler == GRID:
        return space.grid()[:n]
    narrowed = bool(trials) and box != space.limits()
    wide = round(WIDE_SHARE * n) if narrowed else 0
    sampler_seed, wide_seed = (int(s) for s in np.random.SeedSequence(seed).generate_state(2))
    inside = _PROPOSERS[sampler](space, box, trials, n - wide, sampler_seed)
    return inside + _lattice(space, space.limits(), trials, wide, wide_seed)


def _lattice(space: SearchSpace, box: Box, trials: Sequence[TrialResult], n: int, seed: int) -> list[dict[str, Value]]:
    """Return `n` points of a randomly shifted R_d lattice in `box`.

    x_i = frac(shift + i * alpha), alpha_j = phi_d ** -(j + 1), where phi_d is the root of x ** (d + 1) = x + 1
    (Roberts 2018, "The unreasonable effectiveness of quasirandom sequences"): every prefix covers the box evenly.
    """
    del trials
    dimensions = len(space.hyperparameters)
    phi = 2.0
    for _ in range(64):  # the fixed point iteration contracts; 64 rounds are exact in float64
        phi = (1 + phi) ** (1 / (dimensions + 1))
    alpha = phi ** -np.arange(1.0, dimensions + 1)
    shift = np.random.default_rng(seed).random(dimensions)
    points = (shift + np.outer(np.arange(n), alpha)) % 1.0
    return [_config(space, box, point) for point in points]


def _config(space: SearchSpace, box: Box, point: Sequence[float]) -> dict[str, Value]:
    config: dict[str, Value] = {}
    for (name, hyperparameter), share in zip(space.hyperparameters.items(), point, strict=True):
        if isinstance(hyperparameter, Numeric):
            config[name] = hyperparameter.at(box.interval(name), float(share))
        else:
            config[name] = hyperparameter.at(box.choices(name), float(share))
    return config


def _optuna(make: Callable[[int], BaseSampler]) -> Callable[..., list[dict[str, Value]]]:
    """Return a proposer that asks the Optuna sampler `make(seed)`."""

    def propose_with_optuna(
        space: SearchSpace, box: Box, trials: Sequence[TrialResult], n: int, seed: int
    ) -> list[dict[str, Value]]:
        distributions = space.distributions(box)
        study = optuna.create_study(direction="maximize", sampler=make(seed))
        for trial in trials:
            if trial.config in box:
                study.add_trial(create_trial(params=dict(trial.config), distributions=distributions, value=trial.score))
        # Every asked trial stays running, so that the sampler spreads the ones that follow (constant liar).
        return [dict(study.ask(fixed_distributions=distributions).params) for _ in range(n)]

    return propose_with_optuna


def _tpe(seed: int) -> BaseSampler:
    return TPESampler(seed=seed)


def _random(seed: int) -> BaseSampler:
    return RandomSampler(seed=seed)


def _qmc(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return QMCSampler(seed=seed, scramble=True)


_PROPOSERS: dict[str, Callable[..., list[dict[str, Value]]]] = {
    "lattice": _lattice,
    "tpe": _optuna(_tpe),
    "random": _optuna(_random),
    "qmc": _optuna(_qmc),
}

GRID = "grid"
"""The sampler that tries every combination of the choices."""

SAMPLERS = (*_PROPOSERS, GRID)
"""The names a study may give as its sampler."""
