"""Where configs lie for a Gaussian process, also where they have choices, or lack a hyperparameter.

Every hyperparameter is an axis with a length of its own. A numeric one is measured in widths of its range; two choices
are as far apart as the two ends of a range; and a config that lacks a hyperparameter lies so far beside the middle of
its range. (Were it as far from all of the range, there would be no such place, and the kernel would be none.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo.searching.space import Config, Numeric, SearchSpace, number

Floats = NDArray[np.float64]

ABSENT = math.nan
"""Where a config lies on the axis of a hyperparameter that it lacks."""


MIDDLE = 0.5


def places(space: SearchSpace, configs: Sequence[Config]) -> Floats:
    """Return the place of each config on each axis, (n, d): a share of the range, the number of a choice, or ABSENT."""
    found = np.full((len(configs), len(space.hyperparameters)), ABSENT)
    for column, (name, hyperparameter) in enumerate(space.hyperparameters.items()):
        here = [row for row, config in enumerate(configs) if name in config]
        if isinstance(hyperparameter, Numeric):
            low, high = hyperparameter.axis(hyperparameter.limits)
            width = max(high - low, 1e-12)
            found[here, column] = [(hyperparameter.to_axis(number(configs[row], name)) - low) / width for row in here]
        else:
            known = {_text(choice): float(place) for place, choice in enumerate(hyperparameter.choices)}
            found[here, column] = [known[_text(configs[row][name])] for row in here]
    return found


def apart(space: SearchSpace, places: Floats, others: Floats) -> Floats:
    """Return the squared distances on each axis between `places`, (n, d), and `others`, (m, d): (d, n, m)."""
    found = np.empty((places.shape[1], len(places), len(others)))
    for axis, hyperparameter in enumerate(space.hyperparameters.values()):
        here, there = places[:, axis][:, None], others[:, axis][None]
        between = (here - there) ** 2 if isinstance(hyperparameter, Numeric) else (here != there).astype(np.float64)
        lacks, other_lacks = np.isnan(here), np.isnan(there)
        beside = 1.0 + (np.where(lacks, there, here) - MIDDLE) ** 2 if isinstance(hyperparameter, Numeric) else 1.0
        found[axis] = np.where(lacks & other_lacks, 0.0, np.where(lacks | other_lacks, beside, between))
    return found


def _text(value: object) -> str:
    """Return what tells a choice from others: 1, 1.0, True and "1" are four."""
    return f"{type(value).__name__} {value!r}"
