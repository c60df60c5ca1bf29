"""Training one config as a trial asks: a pausable run over one or more groups of images, and what came out of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from hpo import models
from hpo.searching.queued import DONE
from hpo.searching.seeds import training_rng
from hpo.searching.trials import WORST_SCORE
from hpo.storage.records import Curve, CurvePoint
from hpo.training.images import Fold

Watch = Callable[[models.Network], float]
"""What looks at a network at every point of its curve: its accuracy on the test images."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What is known of a config when all of its groups have reached the same share of their training.

    `test_accuracy` is None unless somebody watched.
    """

    score: float
    train_accuracy: float
    test_accuracy: float | None
    curve: Curve
    seconds: float
    diverged: str | None


@dataclass
class _Group:
    """The training of one network on one group of images, as far as it has come."""

    results: Iterator[models.TrainingResult]
    network: models.Network
    steps: int
    points: list[models.TrainingResult] = field(default_factory=list)
    watched: list[float | None] = field(default_factory=list)
    ended: bool = False

    def advance(self, step: int, watch: Watch | None) -> None:
        while not self.ended and (not self.points or self.points[-1].step < step):
            point = next(self.results, None)
            if point is None:
                self.ended = True
            else:
                self.points.append(point)
                self.watched.append(_seen(self.network, point, watch))


class TrainingRun:
    """One config in training: `advance` trains every group up to a share of the whole and says how it stands there.

    A run may be left alone between two calls for as long as one likes; it is its own seed's child, so a run that was
    paused, moved or started again ends with the same numbers.
    """

    def __init__(
        self,
        network: models.NetworkDescription,
        training: models.TrainingSettings,
        folds: Sequence[Fold],
        *,
        classes: int,
        epochs: int,
        evaluations: int,
        rungs: Sequence[int],
        seed: int,
    ) -> None:
        self._groups: list[_Group] = []
        for group, fold in enumerate(folds):
            rng = training_rng(seed, group)
            built = models.build_network(network, fold.train.images.shape[1:], classes, rng)
            steps = epochs * models.steps_per_epoch(len(fold.train), training.batch_size)
            results = models.fit(
                built,
                fold.train,
                fold.validation,
                training,
                epochs=epochs,
                rng=rng,
                evaluate_at=evaluation_steps(steps, evaluations, rungs),
                probe=_probe(fold),
            )
            self._groups.append(_Group(results, built, steps))

    @property
    def networks(self) -> list[models.Network]:
        """The networks, one a group, as they stand."""
        return [group.network for group in self._groups]

    @property
    def percent(self) -> int:
        """How far every group has been trained, in whole percent; one that diverged has come to its end."""
        return min(DONE if group.ended else _percent(group) for group in self._groups)

    def advance(self, percent: int, watch: Watch | None = None) -> RunResult:
        """Train every group to `percent` of its steps and return what is known there.

        `watch` looks at the network at every point of the curve on the way, as it is there.
        """
        for group in self._groups:
            group.advance(_step(group.steps, percent), watch)
        last = [group.points[-1] for group in self._groups]
        seen = [group.watched[-1] for group in self._groups if group.watched[-1] is not None]
        diverged = next((f"group {i + 1}: {p.diverged}" for i, p in enumerate(last) if p.diverged), None)
        scores = [WORST_SCORE if point.diverged else point.validation_accuracy for point in last]
        return RunResult(
            score=float(np.mean(scores)),
            train_accuracy=float(np.mean([point.train_accuracy for point in last])),
            test_accuracy=float(np.mean(seen)) if seen else None,
            curve=Curve(tuple(self._curve()), np.stack([point.validation_hits for point in last])),
            seconds=sum(point.seconds for point in last),
            diverged=diverged,
        )

    def _curve(self) -> Iterator[CurvePoint]:
        for index, group in enumerate(self._groups):
            for p, test_accuracy in zip(group.points, group.watched, strict=True):
                yield CurvePoint(
                    group=index,
                    step=p.step,
                    epoch=p.epoch,
                    train_loss=p.train_loss,
                    train_accuracy=p.train_accuracy,
                    validation_loss=p.validation_loss,
                    validation_accuracy=p.validation_accuracy,
                    seconds=p.seconds,
                    test_accuracy=test_accuracy,
                )


def _percent(group: _Group) -> int:
    return DONE * group.points[-1].step // group.steps if group.points else 0


def _seen(network: models.Network, point: models.TrainingResult, watch: Watch | None) -> float | None:
    """Return what `watch` sees of the network at `point`; a diverged one is as bad as can be, without a look."""
    if watch is None:
        return None
    return WORST_SCORE if point.diverged else watch(network)


def evaluation_steps(steps: int, evaluations: int, rungs: Sequence[int]) -> list[int]:
    """Return the steps at which a run of `steps` is evaluated: evenly spaced ones, and every rung (percent)."""
    even = {math.ceil(steps * k / evaluations) for k in range(1, evaluations + 1)}
    return sorted(even | {_step(steps, rung) for rung in rungs})


def _step(steps: int, percent: int) -> int:
    return max(1, math.ceil(steps * percent / 100))


def _probe(fold: Fold) -> models.Examples | None:
    """Return as many training images as there are validation images, if there are more: the train curve is as exact."""
    if len(fold.train) <= len(fold.validation):
        return None
    return fold.train.take(np.arange(len(fold.validation)))
