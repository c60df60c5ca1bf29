"""What a training reports at each point where it was looked at."""

from dataclasses import dataclass

import numpy as np

from hpo.models.arrays import BoolArray
from hpo.models.network import Evaluation

LOSS_CAP = 1e6  # nats; reported losses end here: a diverged run still has numbers that can be compared


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """Where a training stands after `step` updates, which are `epoch` passes over the training examples.

    Losses are mean cross-entropies in nats without the decay term, at most LOSS_CAP; every example counts in them.
    validation_hits: (N,), bool, in the order of the validation examples.
    seconds: spent on training and evaluating since the start; the pauses between results do not count.
    diverged: None, or why this is the last result; then both accuracies are 0, all hits False, both losses LOSS_CAP.
    stopped_early: patience ran out; the network has its best parameters back, and losses, accuracies, hits are theirs.
    """

    step: int
    epoch: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_hits: BoolArray
    seconds: float
    diverged: str | None = None
    stopped_early: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a training has come: updates, passes over the training examples, seconds spent."""

    step: int
    epoch: float
    seconds: float


def result_of(
    moment: Moment, on_train: Evaluation, on_validation: Evaluation, *, stopped_early: bool
) -> TrainingResult:
    """Return the result of a training whose numbers are finite."""
    return TrainingResult(
        step=moment.step,
        epoch=moment.epoch,
        train_loss=min(on_train.loss, LOSS_CAP),
        train_accuracy=on_train.accuracy,
        validation_loss=min(on_validation.loss, LOSS_CAP),
        validation_accuracy=on_validation.accuracy,
        validation_hits=on_validation.hits,
        seconds=moment.seconds,
        stopped_early=stopped_early,
    )


def diverged_result(moment: Moment, reason: str, validation_size: int) -> TrainingResult:
    """Return the last result of a training that ran into NaN or infinity: the worst case, in finite numbers."""
    return TrainingResult(
        step=moment.step,
        epoch=moment.epoch,
        train_loss=LOSS_CAP,
        train_accuracy=0.0,
        validation_loss=LOSS_CAP,
        validation_accuracy=0.0,
        validation_hits=np.zeros(validation_size, dtype=np.bool_),
        seconds=moment.seconds,
        diverged=reason,
    )
