"""Our networks as a trainer: a pausable training over one or more groups of images, and what came out of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from hpo import models
from hpo.definition.abilities import Abilities
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.models.checkpoint import network_bytes
from hpo.searching.queued import DONE
from hpo.searching.seeds import training_rng
from hpo.searching.space import Config
from hpo.searching.trials import WORST_SCORE
from hpo.training.images import Fold, StudyData
from hpo.training.protocol import Assignment, OpenTest, Point, Score

Watch = Callable[[models.Network], float]
"""What looks at a network at every point of its curve: its accuracy on the test images."""


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


class Networks:
    """Trains the networks that a study declares on its images."""

    def __init__(self, settings: NetworkTrainer, data: StudyData) -> None:
        self._settings, self._data = settings, data

    @property
    def abilities(self) -> Abilities:
        """Everything."""
        return self._settings.abilities

    @property
    def stops_anywhere(self) -> bool:
        """True: between any two updates."""
        return True

    def start(self, config: Config, assignment: Assignment, open_test: OpenTest) -> NetworkTraining:
        """Return the training of `config` at its beginning."""
        network, training = self._settings.settings(config)
        folds = [self._data.fold(cut) for cut in assignment.cuts]
        classes = self._data.part.classes
        return NetworkTraining(network, training, folds, assignment, classes=classes, open_test=open_test)

    def close(self) -> None:
        """There is nothing to give back."""


class NetworkTraining:
    """One config in training: `advance` trains every group up to a share of the whole and says how it stands there.

    It may be left alone between two calls for as long as one likes; it is its own seed's child, so a training that was
    paused, moved or started again ends with the same numbers.
    """

    def __init__(
        self,
        network: models.NetworkDescription,
        training: models.TrainingSettings,
        folds: Sequence[Fold],
        assignment: Assignment,
        *,
        classes: int,
        open_test: OpenTest,
    ) -> None:
        self._assignment, self._open_test = assignment, open_test
        self._watch = self._on_the_test_set() if assignment.test == "along the curve" else None
        self._groups: list[_Group] = []
        for group, fold in enumerate(folds):
            rng = training_rng(assignment.seed, group)
            built = models.build_network(network, fold.train.images.shape[1:], classes, rng)
            steps = assignment.epochs * models.steps_per_epoch(len(fold.train), training.batch_size)
            results = models.fit(
                built,
                fold.train,
                fold.validation,
                training,
                epochs=assignment.epochs,
                rng=rng,
                evaluate_at=evaluation_steps(steps, assignment.evaluations, assignment.rungs),
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

    def advance(self, percent: int) -> Score:
        """Train every group to `percent` of its steps and return what is known there."""
        for group in self._groups:
            group.advance(_step(group.steps, percent), self._watch)
        last = [group.points[-1] for group in self._groups]
        diverged = next((f"group {i + 1}: {p.diverged}" for i, p in enumerate(last) if p.diverged), None)
        scores = [WORST_SCORE if point.diverged else point.validation_accuracy for point in last]
        return Score(
            value=float(np.mean(scores)),
            train=float(np.mean([point.train_accuracy for point in last])),
            test=self._test_accuracy(percent),
            points=tuple(self._curve()),
            hits=np.stack([point.validation_hits for point in last]),
            seconds=sum(point.seconds for point in last),
            reason=diverged,
        )

    def kept(self) -> bytes:
        """Return the first group's network as the bytes of a file."""
        return network_bytes(self._groups[0].network)

    def close(self) -> None:
        """There is nothing to give back."""

    def _on_the_test_set(self) -> Watch:
        part = self._open_test()
        examples = models.Examples(part.images, part.labels)
        return lambda network: network.evaluate(examples).accuracy

    def _test_accuracy(self, percent: int) -> float | None:
        """Return the accuracy on the test images, where it is to be known by now."""
        if self._assignment.test == "at the end" and percent == DONE:
            return self._on_the_test_set()(self._groups[0].network)
        seen = [group.watched[-1] for group in self._groups if group.watched[-1] is not None]
        return float(np.mean(seen)) if seen else None

    def _curve(self) -> Iterator[Point]:
        for index, group in enumerate(self._groups):
            for p, test_accuracy in zip(group.points, group.watched, strict=True):
                yield Point(
                    group=index,
                    step=p.step,
                    epoch=p.epoch,
                    value=p.validation_accuracy,
                    train=p.train_accuracy,
                    train_loss=p.train_loss,
                    validation_loss=p.validation_loss,
                    test=test_accuracy,
                    seconds=p.seconds,
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
