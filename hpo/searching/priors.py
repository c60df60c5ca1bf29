"""What the user believes of good values: a part of the first round is drawn around it, and less the more is known.

PriorBand (Mallik et al. 2023, "PriorBand: Practical hyperparameter optimization in the age of deep learning") draws
half of its first configs from the user's prior, its mode first, and weighs the prior later by how well it explains the
best configs. So it is here, with two differences. It is a third: that gains as much where the belief is right, and
loses less where it is wrong. And each round halves the weight as well, because by then the box, and a sampler that
learns, know more than a belief did. A belief that the best trials do not share is dropped.

Points of accuracy that the choice after rounds 1 to 4 of ten trials loses without beliefs, and how many more with them,
on an invented problem whose best learning rate lies beyond the start (`tests.benchmarks.beliefs`, 100 searches):

    no belief            7.4 +- 1.4     5.1 +- 1.4     3.8 +- 1.3     3.0 +- 1.2
    right               -6.6 +- 1.5    -4.0 +- 1.4    -2.4 +- 1.3    -1.6 +- 1.2
    a decade off          .5 +- 1.4     -.1 +- 1.6     -.7 +- 1.3    -1.0 +- 1.2
    three decades off    3.8 +- 2.2     2.0 +- 1.8      .0 +-  .8      .8 +- 1.0
    it diverges          3.3 +- 2.3      .1 +- 1.8      .3 +- 1.6     -.3 +- 1.4

and of twenty:

    no belief            5.4 +- 1.3     2.8 +-  .6     2.1 +-  .5     1.3 +-  .2
    right               -3.6 +- 1.5    -1.2 +-  .8     -.8 +-  .5     -.2 +-  .3
    a decade off        -1.4 +- 1.3     -.1 +- 1.0     -.4 +-  .5     -.1 +-  .3
    three decades off     .5 +-  .4     1.0 +- 1.1     -.1 +-  .7      .2 +-  .3
    it diverges           .7 +- 1.5      .8 +- 1.7     -.2 +-  .6      .0 +-  .3
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

from hpo.searching.fitting import TRIES, fitting
from hpo.searching.lattice import AT_LEAST, endless, instead
from hpo.searching.space import Box, Config, Hyperparameter, Numeric, SearchSpace, Value, number
from hpo.searching.trials import TrialResult, ranked

SHARE = 1 / 3
"""Of a first round's configs, those from the whole limits aside, so many are drawn around the beliefs."""

FADES = 0.5
"""What is left of the share after each round, if the best trials share the belief."""

WIDTH = 0.25
"""The standard deviation of a belief about a number, in widths of its start on the axis."""

NEAR = 2.0
"""Within so many standard deviations a trial's value is what was believed."""

BEST_SHARE, BEST_AT_LEAST = 0.2, 3
"""The best of the trials, which say whether they share a belief."""

DIGITS = 9
"""A place on the axis is rounded to so many digits, so that the last bits of a platform's logarithm are lost."""


def held(space: SearchSpace, trials: Sequence[TrialResult]) -> Mapping[str, float]:
    """Return the beliefs that at least half of the best trials share, each with that share; all of them at first.

    Trials in which a hyperparameter is not active say nothing of it.
    """
    if not trials:
        return dict.fromkeys(space.beliefs, 1.0)
    shares = {}
    for name in space.beliefs:
        order = [trial for trial in ranked(trials) if name in trial.config]
        best = order[: max(BEST_AT_LEAST, math.ceil(BEST_SHARE * len(order)))]
        shares[name] = sum(_is_near(space, name, trial.config) for trial in best) / len(best) if best else 1.0
    return {name: share for name, share in shares.items() if share >= 0.5}


def weight(held_beliefs: Mapping[str, float], trials: Sequence[TrialResult], *, warm: bool) -> float:
    """Return the share of a round's configs that is drawn around the beliefs; a warm start counts as a round."""
    rounds = max((trial.round for trial in trials), default=1 if warm else 0)
    return SHARE * FADES**rounds * max(held_beliefs.values(), default=0.0)


def around(
    space: SearchSpace, box: Box, beliefs: Sequence[str], n: int, seed: int, *, first: bool, near: Sequence[Config]
) -> list[dict[str, Value]]:
    """Return `n` configs drawn around what is believed of the hyperparameters `beliefs`, the others evenly in `box`.

    In a first round, they begin with exactly what is believed, in the middle of the rest, if that may be.
    A number is drawn from a normal distribution cut at the limits, a choice is the believed one in half of the configs
    and any one in the other half.
    """
    mode = space.fitting(space.completed({name: space.beliefs[name] for name in beliefs}, box)) if first else None
    configs = [] if mode is None or n == 0 else [mode]
    left = n - len(configs)
    found, refused = fitting(space, _drawn(space, box, beliefs, seed), left, max(TRIES * left, AT_LEAST))
    return configs + found + instead(space, box, refused, left - len(found), seed=seed, near=near)


def _drawn(space: SearchSpace, box: Box, beliefs: Sequence[str], seed: int) -> Iterator[dict[str, Value]]:
    for point in endless(space, seed):
        yield {
            name: _at(each, space.beliefs[name], box, name, float(share))
            if name in beliefs
            else space.at(box, name, float(share))
            for (name, each), share in zip(space.hyperparameters.items(), point, strict=True)
        }


def _at(hyperparameter: Hyperparameter, belief: Value, box: Box, name: str, share: float) -> Value:
    """Return the value at `share` (0..1) of the way through what is believed: where its distribution reaches it."""
    if not isinstance(hyperparameter, Numeric):
        choices = box.choices(name)
        if share < 0.5 and belief in choices:
            return belief
        return hyperparameter.at(choices, 2 * share % 1)
    normal = _normal(hyperparameter, number({name: belief}, name))
    below, above = (normal.cdf(end) for end in hyperparameter.axis(hyperparameter.limits))
    place = min(max(below + share * (above - below), 1e-12), 1 - 1e-12)
    return hyperparameter.from_axis(round(normal.inv_cdf(place), DIGITS))


def _normal(numeric: Numeric, belief: float) -> NormalDist:
    low, high = numeric.axis(numeric.start)
    return NormalDist(numeric.to_axis(belief), WIDTH * (high - low))


def _is_near(space: SearchSpace, name: str, config: Config) -> bool:
    hyperparameter = space.hyperparameters[name]
    if not isinstance(hyperparameter, Numeric):
        return config[name] == space.beliefs[name]
    normal = _normal(hyperparameter, number(space.beliefs, name))
    return abs(hyperparameter.to_axis(number(config, name)) - normal.mean) <= NEAR * normal.stdev
