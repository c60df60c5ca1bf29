"""Neighbours of the winner on all of the data: its learning rate halved and doubled, and when one of them is used.

The best learning rate of the subset need not be that of all of the data. On recorded tables, for the winners of 60
replayed searches with 100 trials each: points of test accuracy on all of the data that are lost against the best value
in the table, at multiples of the learning rate that was found, with weight decay plain or rescaled, as did better:

    table                       x .33    x .5     x 1     x 2     x 3
    fashion_mlp                  1.94    1.25     .44     .28     .26
    mnist_mlp                    1.01     .64     .18     .83    3.30
    fashion_mlp_4                 .61     .53     .77    1.62    2.55
    mnist_convnet                 .19     .24     .69    14.3    45.6
    fashion_convnet               .44     .18     .13     .77    1.58
    mnist_mlp_4                  1.14     .87     .82    1.66    3.08
    mnist_convnet_4               .81     .70     .72    1.82    4.10
    fashion_convnet_4            2.35    1.49     .76    1.95    6.53

No one factor is right everywhere, so both neighbours are tried. They are compared on the whole holdout, and the test
set is not evaluated for them; what is adopted is trained again, from the same seeds, and evaluated. So it is with the
weight decay: carrying it over is right on average, and the search's own value is used where it is better.

Adopted is the highest mean. Nothing is gained by asking for more, such as being better with every seed: where
values are nearly as good, it matters little which is used, and beside a cliff of divergence, where it matters most, a
seed that went well keeps the winner. What 100 replayed searches of 60 trials end with, less what a search on all of the
data finds, points of test accuracy with 90 % intervals (`tests.benchmarks.carrying`):

    table                   no probes      probes alone   and plain values
    fashion_mlp           .02 +- .03       .08 +- .03         .06 +- .03
    mnist_mlp            -.08 +- .06      -.09 +- .06        -.03 +- .06
    fashion_mlp_4        -.45 +- .06      -.38 +- .06        -.14 +- .06
    mnist_convnet        -.42 +- .18      -.06 +- .02        -.07 +- .02
    fashion_convnet      -.03 +- .03       .00 +- .02         .00 +- .02
    mnist_mlp_4          -.53 +- .09      -.41 +- .08        -.26 +- .07
    mnist_convnet_4      -.48 +- .09      -.30 +- .06        -.22 +- .06
    fashion_convnet_4   -1.11 +- .14      -.91 +- .12        -.34 +- .12
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

Probe = Literal["probe_lower", "probe_higher"]
PROBES: Mapping[Probe, float] = {"probe_lower": 0.5, "probe_higher": 2.0}
"""What the winner's learning rate is multiplied by, by the stage of the runs that try it."""


def better_probe(winner: Mapping[int, float], probes: Mapping[Probe, Mapping[int, float]]) -> Probe | None:
    """Return which of the `probes` is used in place of the `winner`, or None; all are validation accuracies by run.

    It is the one with the highest mean, if that is higher than the winner's. Run k of all of them trains from one seed.
    """
    if not probes:
        return None
    best = max(probes, key=lambda stage: _mean(probes[stage]))
    return best if better(probes[best], winner) else None


def better(one: Mapping[int, float], other: Mapping[int, float]) -> bool:
    """Say whether the validation accuracies of `one`, by run, have a higher mean than those of `other`."""
    return _mean(one) > _mean(other)


def _mean(scores: Mapping[int, float]) -> float:
    return float(np.mean(list(scores.values())))
