"""When does a network overfit? The turn of its validation loss, as pure functions from curves to numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpo.proof.comparison import ComparedConfig
from hpo.record.results import StudyResults
from hpo.reports.facts.curves import Band, Floats, band

FEWEST_POINTS = 5
CLEAR_RISE = 0.02
CLEAR_NOISE = 6.0
_SPREAD = 0.6745 * 6**0.5
"""Median of |second difference| over the standard deviation of white noise: .6745 sqrt(1 + 4 + 1)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a config stood on average at one point of its training: mean losses in nats, accuracies as shares."""

    epoch: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    test_accuracy: float | None


@dataclass(frozen=True, slots=True)
class Course:
    """How the training of a config went: its end, and the moment its mean validation loss turned, if it did."""

    turn: Moment | None
    end: Moment


def turning_point(epochs: Floats, loss: Floats) -> int | None:
    """Return the index of the smallest `loss`, both (P,), if from there on it rose for good; else None.

    Every noisy curve has a smallest value somewhere, so that alone is no turn. It is one if the end of the curve, the
    mean of what comes after it in the last tenth of the epochs, lies clearly above it: by CLEAR_RISE of the smallest
    loss, because less is nothing that anyone would stop a training for, and by CLEAR_NOISE standard deviations of the
    curve's noise, because the smallest of a few hundred noisy values lies some three below their mean by luck alone,
    and the noise is not known exactly: of curves of 20 points of pure noise 1 in 200 seems to turn, of longer ones
    fewer. The noise is read off second differences, in which a smooth curve all but vanishes; their median does not
    mind one sharp bend. Fewer than FEWEST_POINTS points cannot tell a turn from noise.
    """
    if len(loss) < FEWEST_POINTS:
        return None
    lowest = int(np.argmin(loss))
    late = epochs >= epochs[-1] - 0.1 * (epochs[-1] - epochs[0])
    late[: lowest + 1] = False  # what lies before the smallest value fell, however late that is
    if not late.any():
        return None
    rise = float(loss[late].mean() - loss[lowest])
    noise = float(np.median(np.abs(np.diff(loss, 2)))) / _SPREAD
    clear = rise > CLEAR_RISE * float(loss[lowest]) and rise > CLEAR_NOISE * noise
    return lowest if clear else None


def course(results: StudyResults, compared: ComparedConfig) -> Course | None:
    """Return how the training of a config went, mean over its runs; None where no run of it has a curve."""
    loss = band(results, compared, "validation_loss")
    train, validation = band(results, compared, "train_accuracy"), band(results, compared, "validation_accuracy")
    if loss is None or train is None or validation is None:
        return None
    test = band(results, compared, "test_accuracy")

    def moment(i: int) -> Moment:
        return Moment(
            epoch=float(loss.epochs[i]),
            train_accuracy=float(train.mean[i]),
            validation_loss=float(loss.mean[i]),
            validation_accuracy=float(validation.mean[i]),
            test_accuracy=_at(test, float(loss.steps[i])),
        )

    turned = turning_point(loss.epochs, loss.mean)
    return Course(turn=None if turned is None else moment(turned), end=moment(-1))


def _at(test: Band | None, step: float) -> float | None:
    """Return the mean at `step`; None where it was not measured there."""
    if test is None or step not in test.steps:
        return None
    return float(test.mean[np.searchsorted(test.steps, step)])
