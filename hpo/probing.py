"""Neighbours of the winner on all of the data: its learning rate halved and doubled, and when one of them is taken.

The best learning rate of the subset need not be that of all of the data. On recorded tables, for the winners of 60
replayed searches of 100 trainings each: points of test accuracy on all of the data that are lost against the best value
in the table, at multiples of the learning rate that was found, with weight decay plain or rescaled, as did better:

    table                    x .33   x .5   x 1   x 2   x 3
    MLP on Fashion-MNIST      1.72   1.09   .31   .17   .96
    MLP on MNIST               .91    .57   .20   .41  1.66
    ConvNet on MNIST           .25    .19  1.58    11    24
    MLP on Fashion-MNIST, 4   1.42   1.50  1.97  3.77  5.02    (coupled Adam, four hyperparameters)

No one factor is right everywhere, so both neighbours are tried. They are compared on the whole holdout, and the test
set stays closed for them; what is taken is trained again, from the same seeds, to open it.

What is taken is the highest mean. Nothing is gained by asking for more, such as being better with every seed: where
values are nearly as good, it matters little which is used, and beside a cliff of divergence, where it matters most, a
seed that went well keeps the winner. What 40 replayed searches of 60 trials end with, less what a search on all of the
data finds, points of test accuracy with 90 % intervals (`tests.benchmarks.carrying`, on its four grids):

    table                        no probes     with every seed     highest mean
    MLP on Fashion-MNIST        .08 +- .11          .08 +- .11       .18 +- .10
    MLP on MNIST                .10 +- .09          .13 +- .10       .10 +- .11
    ConvNet on MNIST          -1.87 +- 1.12       -1.19 +- 1.00     -.17 +- .20
    ConvNet on Fashion-MNIST   -.20 +- .05         -.16 +- .05      -.13 +- .05
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

Probe = Literal["probe_lower", "probe_higher"]
PROBES: Mapping[Probe, float] = {"probe_lower": 0.5, "probe_higher": 2.0}
"""What the winner's learning rate is multiplied by, by the stage of the runs that try it."""


def taken(winner: Mapping[int, float], probes: Mapping[Probe, Mapping[int, float]]) -> Probe | None:
    """Return which of the `probes` is taken in place of the `winner`, or None; all are validation accuracies by run.

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
