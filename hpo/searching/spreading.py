"""More configs like a few: draws from what those that a sampler proposed are spread over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo.searching.fitting import mended
from hpo.searching.space import Box, Config, Numeric, SearchSpace, Value, number

DIGITS = 9
"""A place in the box is rounded to so many digits, so that a BLAS's last bits are lost."""


def more_like(space: SearchSpace, box: Box, configs: Sequence[Config], n: int, seed: int) -> list[dict[str, Value]]:
    """Return `n` configs in `box` that are distributed as the `configs` are: a smoothed bootstrap.

    Each takes the choices of one of them, drawn at random, and its numbers with normal noise of their covariance beside
    them, a bandwidth wide (Scott's rule, m^(-1 / (d + 4)) for m configs and d numbers). All are drawn towards the mean
    as far as the noise spreads them, so mean and covariance stay what they are (West 1993, "Approximating posterior
    distributions by mixture", section 2). What would leave the box is reflected at its edge, and what breaks a relation
    is drawn back towards the config that it came from.
    """
    rng = np.random.default_rng(seed)
    numerics = {name: each for name, each in space.hyperparameters.items() if isinstance(each, Numeric)}
    wholes = [space.completed(config, box) for config in configs]
    places = np.array(
        [[each.share(box.interval(name), number(of, name)) for name, each in numerics.items()] for of in wholes]
    ).reshape(len(configs), len(numerics))
    centred = places - places.mean(axis=0)
    width = len(configs) ** (-1 / (len(numerics) + 4))
    chosen = rng.integers(len(configs), size=n)
    noise = rng.standard_normal((n, len(configs))) @ centred / np.sqrt(len(configs))
    drawn = places.mean(axis=0) + np.sqrt(1 - width**2) * centred[chosen] + width * noise
    drawn = np.round(1 - np.abs(1 - np.abs(drawn) % 2), DIGITS)
    found = []
    for place, parent in zip(drawn, chosen, strict=True):
        numbers = {
            name: each.at(box.interval(name), float(share))
            for (name, each), share in zip(numerics.items(), place, strict=True)
        }
        config = space.fitting({**wholes[parent], **numbers})
        if config is None:
            config = mended(space, box, {**wholes[parent], **numbers}, [configs[parent]]) or dict(configs[parent])
        found.append(config)
    return found
