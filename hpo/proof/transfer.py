"""What of a config changes on its way from the subset to all of the data: weight decay goes with one over the images.

The loss is a mean over N images. Coupled decay ½ wd ‖W‖² beside that mean is a prior of N wd on the sum (the maximum a
posteriori estimate), and a prior does not change with the data: wd N stays. For decoupled decay, W is a moving average
of Adam's steps with a time constant of 1 / (lr wd) updates; held in epochs, B / (lr wd N), the same rule follows (Wang
& Aitchison 2024, arXiv:2405.13698). So for every optimizer

    wd_full = wd_subset N_subset / N_full

Measured by training the same configs, strong decays among them, from 400 images x 50 epochs to 50,000 x 5 (MLP
784-100-100-100-10, MNIST and Fashion-MNIST, two or three configs each, two seeds); mean points of test accuracy gained
over the plain value, and the worst pair:

    optimizer   pairs   by updates (worst)   by images (worst)
    adamw          10       3.68  ( .11)        3.78  (-.34)
    adam           12       2.01  (-.40)        2.39  (-.01)
    rmsprop        12       2.08  (-.28)        2.47  (-.06)
    momentum       12       3.61 (-1.13)        3.97  (-.03)
    adagrad         6       1.44  ( .02)        1.59  (-.06)

SGD on recorded grids, configs within a point of the subset's best: 84.5 plain, 85.7 by updates, 85.8 by images on
Fashion-MNIST; 96.4, 96.8, 96.8 on MNIST. No decay at all did as well in these short trainings (-.2 to +.1).
The learning rate stays: what a step may be is set by curvature, not by the number of images. See hpo.proof.probing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHRINKING = ("sgd", "momentum", "nesterov", "adamw")
"""The optimizers that shrink a weight by a known share a step."""

NO_EFFECT = 0.01
"""A decay that shrinks no weight by more than this share over a whole training changes no accuracy."""


@dataclass(frozen=True, slots=True)
class Change:
    """A training setting that has another value on all of the data, and a sentence for people that says so."""

    name: str
    old: float
    new: float
    why: str


def changes(
    plain: Mapping[str, Any], *, samples_subset: int, samples_full: int, updates: int | None
) -> tuple[Change, ...]:
    """Return what of a training's settings by name, found on `samples_subset` examples, changes on `samples_full`.

    `updates` are those of the longer training: a weight decay that does nothing even there stays what it is. Who says
    nothing of a weight decay has nothing to change.
    """
    old, ratio = plain.get("weight_decay"), samples_full / samples_subset
    if not isinstance(old, int | float) or old == 0 or samples_full == samples_subset:
        return ()
    if shrinkage(plain, updates) < NO_EFFECT:
        return ()
    new = old / ratio
    why = f"divided by {ratio:.3g} for {ratio:.3g} times the images"
    return (Change("weight_decay", old, new, why),)


def shrinkage(plain: Mapping[str, Any], updates: int | None) -> float:
    """Return the share of a weight (0..1) that decay takes away in so many `updates`; 1, no claim, where unknown."""
    optimizer = plain.get("optimizer")
    if optimizer not in SHRINKING or updates is None or "learning_rate" not in plain:
        return 1.0
    spent = 1 - plain["momentum"] if optimizer in ("momentum", "nesterov") else 1.0
    return -math.expm1(-plain["learning_rate"] * plain["weight_decay"] * updates / spent)
