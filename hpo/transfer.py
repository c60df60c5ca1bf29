"""What of a config changes on its way from the subset to all of the data, and why: a rule for each optimizer.

lr is the learning rate, wd the weight decay, m the momentum, W a weight, g the gradient of the loss, S the updates.

- sgd, momentum, nesterov: a step is W <- (1 - lr wd) W - lr g, so over a training decay alone leaves exp(-lr wd S) of a
  weight; with momentum a gradient is spent over its 1 / (1 - m) steps: exp(-lr wd S / (1 - m)). As much is left after a
  longer training if wd S stays: wd_full = wd_subset S_subset / S_full.
- adamw: the step takes lr wd W off beside Adam's, so W is a moving average of Adam's steps with a time constant of
  1 / (lr wd) updates (Wang & Aitchison 2024, arXiv:2405.13698). They hold it in epochs. Here the epochs change too, and
  what is held is its share of the training, 1 / (lr wd S): the same rule. Not measured here.
- adam, rmsprop, adagrad: wd W is a part of the gradient, and goes through the same normalisation as the rest of it. So
  it acts like a prior beside the loss, not like a shrinkage per step, and nothing changes.

Measured on recorded tables, for the winners of 60 replayed searches of 100 trainings each: points of test accuracy on
all of the data that are lost against the best value in the table, where weight decay is left as it is, rescaled by the
updates, by the images, or set to 0:

    table                    optimizer  as it is  by updates  by images  none
    MLP on Fashion-MNIST     sgd             .81         .31        .27   .27
    MLP on MNIST             sgd             .21         .20        .21   .21
    ConvNet on MNIST         momentum       1.88        1.58       1.59  1.60
    MLP on Fashion-MNIST, 4  adam           1.97        3.38       3.83  4.14

The last one searches four hyperparameters; rescaling costs 1.4 points there (by the square root of the updates .75).
The learning rate stays: what a step may be is set by curvature, not by the number of images. See hpo.probing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models import TrainingSettings

RESCALED = ("sgd", "momentum", "nesterov", "adamw")
"""The optimizers that shrink a weight by a share of itself a step."""

NO_EFFECT = 0.01
"""A decay that shrinks no weight by more than this share over a whole training changes no accuracy."""


@dataclass(frozen=True, slots=True)
class Change:
    """A training setting that has another value on all of the data, and a sentence for people that says so."""

    name: str
    old: float
    new: float
    why: str


def changes(settings: TrainingSettings, *, updates_subset: int, updates_full: int) -> tuple[Change, ...]:
    """Return what of `settings`, found in trainings of `updates_subset` steps, changes in one of `updates_full`.

    A weight decay that does nothing even in the longer of them stays what it is.
    """
    old, ratio = settings.weight_decay, updates_full / updates_subset
    if settings.optimizer not in RESCALED or updates_full == updates_subset:
        return ()
    if _shrinkage(settings, max(updates_subset, updates_full)) < NO_EFFECT:
        return ()
    new = old / ratio
    why = f"weight_decay {old:.3g} -> {new:.3g}: {ratio:.3g} times as many updates"
    return (Change("weight_decay", old, new, why),)


def _shrinkage(settings: TrainingSettings, updates: int) -> float:
    """Return the share of a weight (0..1) that the decay of a RESCALED optimizer takes away in so many `updates`."""
    spent = 1 - settings.momentum if settings.optimizer in ("momentum", "nesterov") else 1.0
    return -math.expm1(-settings.learning_rate * settings.weight_decay * updates / spent)
