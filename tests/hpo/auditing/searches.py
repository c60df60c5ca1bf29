"""Invented searches whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpo.auditing.search import AuditedSearch, AuditedTrial
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.space import Categorical, Config, Interval, Numeric, SearchSpace

RATE = Numeric(Interval(1e-4, 1.0), Interval(1e-4, 1.0), log=True)
WIDTH = Numeric(Interval(8, 256), Interval(8, 256), integer=True)
SPACE = SearchSpace({"rate": RATE, "width": WIDTH, "kind": Categorical(("relu", "tanh"))})


def hill(best: float, *, steep: float = 0.04) -> Callable[[Config], float]:
    """Return an accuracy that is highest at a rate of 10**`best`, whatever the width, and better with relu."""
    return lambda config: (
        0.9 - steep * (np.log10(config["rate"]) - best) ** 2 - (0.03 if config["kind"] == "tanh" else 0.0)
    )


def drawn(space: SearchSpace, count: int, seed: int) -> list[Config]:
    """Return configs drawn evenly."""
    rng = np.random.default_rng(seed)
    limits = space.limits()
    return [
        {
            name: each.at(limits.interval(name) if isinstance(each, Numeric) else limits.choices(name), rng.random())
            for name, each in space.hyperparameters.items()
        }
        for _ in range(count)
    ]


def searched(
    truth: Callable[[Config], float],
    *,
    count: int = 80,
    noise: float = 0.01,
    seed: int = 0,
    space: SearchSpace = SPACE,
    metric: Metric = ACCURACY,
) -> AuditedSearch:
    """Return a random search of `truth`, whose values have normal luck."""
    luck = np.random.default_rng(seed + 1).standard_normal(count) * noise
    trials = [
        AuditedTrial(number, config, metric.score(truth(config) + luck[number]))
        for number, config in enumerate(drawn(space, count, seed))
    ]
    return AuditedSearch("invented", metric, space, trials)
