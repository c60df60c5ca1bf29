"""Which configs a round tries: n points in a box, from a sampler chosen by name. Same arguments, same configs.

Optuna's samplers run in memory, on a study made for the occasion whose ranges are the box. The database never hears of
it, so the proposals do not depend on how many workers there are or in which order they finish.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import create_trial

from hpo.searching.extremes import clipped
from hpo.searching.fitting import TRIES, fitting
from hpo.searching.lattice import AT_LEAST, config_at, instead, lattice
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.priors import around, held, weight
from hpo.searching.seeds import split_seed
from hpo.searching.space import Box, Config, SearchSpace, Value, on_steps
from hpo.searching.spreading import more_like
from hpo.searching.thinning import thinned
from hpo.searching.trials import TrialResult, ranked

WIDE_SHARE = 0.1
"""The share of a narrowed round's configs that is drawn from the limits, so that a wrong box can be left again."""

FIRST_WIDE_SHARE = 0.3
"""The same in a first round, whose box nothing supports yet.

It costs a right start nothing measurable. From one that misses the best learning rate by two decades, rounds of 20 end
within a point of a right start after 60 trials in 89, 82, 98, 95, 91 and 72 % of replays instead of 85, 84, 78, 98, 61
and 42 % with a tenth (80 replays each of `tests.benchmarks.claims` on fashion_mlp, mnist_mlp, fashion_mlp_4,
mnist_convnet, mnist_convnet_4 and fashion_convnet_4; a standard error is 2 to 5). Half of the round was no better.
"""

GRID = "grid"
"""The sampler that tries every combination of the choices."""

CMAES = "cmaes"
"""The sampler that learns a normal distribution, and nothing about choices."""

WARM_START_AT_LEAST = 10
"""With fewer trials the best tenth, which CMA-ES starts from, is none."""

LEARNS_FROM = 10
"""With fewer trials a sampler that learns draws at random, as Optuna's do."""

ALL_ASKED = 500
"""A sampler is told all trials in the box, and asked for all configs, as long as neither are more.

What Optuna's samplers take for one config grows with the trials that they were told of and with the configs that they
were asked for before: a round of n takes n squared, and a Gaussian process still more.
"""


MOST_ASKED = 1000
"""A sampler is asked so often at most where relations must hold, or once for each config where that is more."""


@dataclass(frozen=True, slots=True)
class _Limited:
    """Of more than ALL_ASKED, how many trials a sampler is told of, `best` of them the best ones (see thinning), and
    how many configs it is asked for. The others are drawn from what these are spread over (see spreading).

    So many take half a second on one core, however many there are.
    """

    told: int
    best: int
    asked: int


def propose(
    space: SearchSpace,
    box: Box,
    trials: Sequence[TrialResult],
    *,
    n: int,
    seed: int,
    sampler: str,
    constrained: bool = False,
    metric: Metric = ACCURACY,
    warm: bool = False,
) -> list[dict[str, Value]]:
    """Return `n` configs for a round that looks in `box`.

    `trials` are the comparable finished trials (imputed scores where stopped); samplers that learn see those inside the
    box. WIDE_SHARE of the configs, in the first round FIRST_WIDE_SHARE, is drawn from the whole limits; some of the
    others around what the user believes (see priors). A grid knows no boxes.
    Every config has its active hyperparameters and no others, and all relations of the space hold of it.
    Where the study is `constrained`, the excess of a trial is a constraint to those that know such: tpe and gp.
    A Gaussian process is told scores without a worst one clipped (see `extremes`); the other samplers go by ranks.
    `warm` says that the box of a first round comes from another study, and is as a narrowed one.
    """
    if sampler == GRID:
        return space.grid()[:n]
    share = WIDE_SHARE if warm or trials else FIRST_WIDE_SHARE
    wide = round(share * n) if box != space.limits() else 0
    sampler_seed, wide_seed, belief_seed = split_seed(seed, 3)
    beliefs = held(space, trials)
    believed = round(weight(beliefs, trials, warm=warm) * (n - wide))
    first = not (warm or trials)
    near = _configs(trials)
    configs = around(space, box, list(beliefs), believed, belief_seed, first=first, near=near) if believed else []
    told = _clipped(trials, metric)
    configs += _PROPOSERS[sampler](space, box, told, n - wide - believed, sampler_seed, constrained=constrained)
    return configs + lattice(space, space.limits(), wide, wide_seed, near)


def _clipped(trials: Sequence[TrialResult], metric: Metric) -> Sequence[TrialResult]:
    if metric.worst is not None:
        return trials
    scores = clipped(metric, [trial.score for trial in trials])
    return [trial.scoring(float(score)) for trial, score in zip(trials, scores, strict=True)]


def _lattice(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], n: int, seed: int, *, constrained: bool = False
) -> list[dict[str, Value]]:
    del constrained
    return lattice(space, box, n, seed, _configs(trials))


def _configs(trials: Sequence[TrialResult]) -> list[Config]:
    return [trial.config for trial in trials]


def _learning(
    make: Callable[[int], BaseSampler], limited: _Limited, **more: Any
) -> Callable[..., list[dict[str, Value]]]:
    """Return a proposer that asks the Optuna sampler `make(seed)`, which learns from the trials in the box.

    `more` goes to `_asked`.
    """

    def propose_with_optuna(
        space: SearchSpace, box: Box, trials: Sequence[TrialResult], n: int, seed: int, *, constrained: bool
    ) -> list[dict[str, Value]]:
        inside = [trial for trial in trials if trial.config in box]
        told, asked = _bounded(inside, n, limited)
        configs = _asked(make(seed), space, box, told, asked, seed=seed, **more, constrained=constrained)
        if asked == n:
            return configs
        rest_seed = split_seed(seed, 1)[0]
        if len(inside) < LEARNS_FROM:
            return configs + lattice(space, box, n - asked, rest_seed, _configs(inside))
        return configs + more_like(space, box, configs, n - asked, rest_seed)

    return propose_with_optuna


def _bounded(inside: Sequence[TrialResult], n: int, limited: _Limited) -> tuple[Sequence[TrialResult], int]:
    """Return the trials that a sampler is told of, and how many of `n` configs it is asked for."""
    if max(len(inside), n) <= ALL_ASKED:
        return inside, n
    told = inside if len(inside) <= limited.told else thinned(ranked(inside), limited.told, best=limited.best)
    return told, min(n, limited.asked)


def _asked(
    sampler: BaseSampler,
    space: SearchSpace,
    box: Box,
    inside: Sequence[TrialResult],
    n: int,
    *,
    seed: int,
    constrained: bool = False,
    tries: int = TRIES,
    partial: bool = False,
) -> list[dict[str, Value]]:
    """Return `n` configs that `sampler` answers with, having been told the trials `inside` of `box`.

    Where relations must hold, it is asked up to `tries` times for each. What is still missing then lies between its
    answers and the trials, or is drawn from `seed`, see `lattice`. `partial`: the sampler itself passes over
    hyperparameters that are not active in a trial; another is told the middle of the box for them.
    """
    distributions = space.distributions(box)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for trial in inside:
        # Of what failed no excess is known, and its score says enough.
        bound = {"excess": trial.excess or 0.0} if constrained else None
        params = dict(trial.config) if partial else space.completed(trial.config, box)
        kinds = {name: distributions[name] for name in params}
        study.add_trial(create_trial(params=params, distributions=kinds, value=trial.score, constraints=bound))
    # Every asked trial stays running, so that the sampler spreads the ones that follow (constant liar; qLogEI for gp).
    answers = (on_steps(space, study.ask(fixed_distributions=distributions).params) for _ in itertools.count())
    configs, refused = fitting(space, answers, n, max(n, min(tries * n, MOST_ASKED)))
    return configs + instead(space, box, refused, n - len(configs), seed=seed, near=_configs(inside))


def _cmaes(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], n: int, seed: int, *, constrained: bool
) -> list[dict[str, Value]]:
    """Return `n` draws from the normal distribution that the best tenth of the trials in `box` supports.

    Optuna's CMA-ES learns from the trials that it asked for itself, and what an earlier round tried is not among them.
    So the earlier trials enter as the source of a warm start (Nomura et al. 2021, "Warm starting CMA-ES for
    hyperparameter optimization", eq. 8): a round is a generation. Where there are too few for a tenth of them, as in
    round 1, CMA-ES has nothing to say and Optuna would draw at random; the lattice spreads evenly instead.
    Of very many an even choice is the source, the best tenth of which stands for the best tenth of all.
    """
    del constrained
    ranges = {name: each for name, each in space.distributions(box).items() if _has_a_direction(each)}
    inside = [trial for trial in trials if trial.config in box]
    if len(inside) < WARM_START_AT_LEAST or not ranges:
        return _lattice(space, box, trials, n, seed)
    told, asked = _bounded(inside, n, _CMAES_LIMITED)
    source = [
        create_trial(params={name: values[name] for name in ranges}, distributions=ranges, value=trial.score)
        for trial in told
        for values in (space.completed(trial.config, box),)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = CmaEsSampler(seed=seed, source_trials=source, warn_independent_sampling=False)
    configs = _asked(sampler, space, box, told, asked, seed=seed, tries=20)
    return configs + more_like(space, box, configs, n - asked, split_seed(seed, 1)[0])


def _random(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], n: int, seed: int, *, constrained: bool
) -> list[dict[str, Value]]:
    """Return `n` uniform draws: Optuna's, which learn nothing, and beyond ALL_ASKED of them plain ones.

    Where relations must hold, all of them are plain, as many have to be drawn.
    """
    del constrained
    configs = _asked(RandomSampler(seed=seed), space, box, (), min(n, ALL_ASKED), seed=seed) if space.is_free else []
    rng = np.random.default_rng(split_seed(seed, 1)[0])
    if space.is_free:
        points = rng.random((n - len(configs), len(space.hyperparameters)))
        return configs + [config_at(space, box, point) for point in points]
    drawn = (config_at(space, box, rng.random(len(space.hyperparameters))) for _ in itertools.count())
    configs, refused = fitting(space, drawn, n, max(TRIES * n, AT_LEAST))
    return configs + instead(space, box, refused, n - len(configs), seed=seed, near=_configs(trials))


def _qmc(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], n: int, seed: int, *, constrained: bool
) -> list[dict[str, Value]]:
    """Return `n` points of Optuna's scrambled Sobol sequence, which one trial tells of the space, not of scores.

    A point takes it as long as all before it, so beyond ALL_ASKED of them the lattice spreads the others.
    """
    del constrained
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = QMCSampler(seed=seed, scramble=True)
    one = [trial for trial in trials if trial.config in box][:1]
    asked = min(n, ALL_ASKED)
    configs = _asked(sampler, space, box, one, asked, seed=seed)
    return configs + lattice(space, box, n - asked, split_seed(seed, 1)[0], _configs(trials))


def _has_a_direction(distribution: BaseDistribution) -> bool:
    return not (isinstance(distribution, CategoricalDistribution) or distribution.single())


def _tpe(seed: int) -> BaseSampler:
    return TPESampler(seed=seed)


def _gp(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return GPSampler(seed=seed)


_CMAES_LIMITED = _Limited(told=400, best=0, asked=40)
_PROPOSERS: dict[str, Callable[..., list[dict[str, Value]]]] = {
    "lattice": _lattice,
    "tpe": _learning(_tpe, _Limited(told=300, best=150, asked=40), tries=20, partial=True),
    "random": _random,
    "qmc": _qmc,
    "gp": _learning(_gp, _Limited(told=100, best=50, asked=8), tries=2, partial=False),
    CMAES: _cmaes,
}
SAMPLERS = (*_PROPOSERS, GRID)
"""The names a study may give as its sampler."""
