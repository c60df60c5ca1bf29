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

    It is the one with the highest mean, if it is higher than the winner with every seed. Run k of all of them trains
    from one seed. Where a probe is no better, and each seed puts it above or below by luck alone, that happens with a
    probability of at most 2^-seeds.
    """
    if not probes:
        return None
    best = max(probes, key=lambda stage: float(np.mean(list(probes[stage].values()))))
    return best if all(probes[best][run] > score for run, score in winner.items()) else None
