"""The race: fresh runs of the most promising configs, and which of them cannot be told from the best.

Hsu's multiple comparisons with the best (Hsu 1981, Annals of Statistics 9; constrained intervals: Hsu 1984, ibid. 12).
All configs share the images and the seed of a run, so with score = config + run + noise what is hard about a run
cancels. For k configs over r runs, their means m_i, and s^2 the mean square of what config and run do not explain, with
(k - 1)(r - 1) degrees of freedom, the intervals

    -[m_i - max of the other m - w]^-  <=  mu_i - max of the other mu  <=  [m_i - max of the other m + w]^+
    w = d s sqrt(2 / r),    d: Dunnett's one-sided critical value for k - 1 rivals (see dunnett)

hold together with 90 % probability. Where the upper end is 0, the config is worse than the best; the others cannot be
told from it. So the list is one statement: with 90 % probability the truly best config is on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hpo.dunnett import critical_value
from hpo.selecting import CONFIDENCE, Key


def not_told_apart(runs: Mapping[Key, Sequence[float]]) -> list[Key]:
    """Return the configs that the race cannot tell from its best at 90 %, best mean first, earlier among equals.

    `runs[key][j]` is the score of the config in run j. Each of k equal configs stays in 90 % of races; that all of them
    stay is another statement, about all pairs, and holds in 68 % for five.
    """
    order = sorted(runs, key=lambda key: (-float(np.mean(runs[key])), key))
    table = np.array([runs[key] for key in order])
    k, r = table.shape
    if k == 1 or r == 1:
        return order
    noise = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    freedom = (k - 1) * (r - 1)
    s = math.sqrt(float((noise**2).sum()) / freedom)
    margin = critical_value(k - 1, freedom, CONFIDENCE) * s * math.sqrt(2 / r)
    means = table.mean(axis=1)
    return [key for key, mean in zip(order, means, strict=True) if means[0] - mean <= margin]
