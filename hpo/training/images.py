"""The examples of a study, images or others: which train and which validate. No test example comes through here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from hpo import models
from hpo.definition.settings import LEAST, HeldOut
from hpo.definition.study import StudyDefinition
from hpo.searching.guessing import guess
from hpo.searching.metric import ACCURACY, Metric
from hpo.storage.copies import partition_with_copies
from hpo.storage.datasets import Located, TrainingPart
from hpo.storage.errors import UserError
from hpo.storage.examples import ExamplePart
from hpo.storage.splits import Indices, Partition
from hpo.training.cuts import Cut
from hpo.training.loading import TrainingData

OF_ALL_OF_MNIST = 60_000
"""What a definition is for where a small stand-in takes the place of MNIST."""


Arrays = tuple[Any, NDArray[Any]]
"""x, an array (N, ...) or a table of N rows, and y (N,)."""


@dataclass(frozen=True)
class Fold:
    """What one run trains on and what scores it."""

    train: models.Examples
    validation: models.Examples


@dataclass(frozen=True)
class StudyData:
    """The training part of a dataset, cut for one study: a pool that trains and a holdout that validates, for good.

    `settings` are the numbers that it was cut by; `declared` those that the definition says or that follow from the
    number of images, which differ where a stand-in is smaller. `metric` is the study's.
    """

    part: TrainingData
    split: Partition
    settings: HeldOut
    declared: HeldOut
    metric: Metric = ACCURACY

    @classmethod
    def build(cls, definition: StudyDefinition, located: Located, part: TrainingData) -> StudyData:
        """Cut `part` as `definition` says, with its seed.

        Raises UserError where the images do not suffice. The small stand-in for MNIST gets smaller holdouts instead,
        because the definition was written for all of MNIST.
        """
        images = len(part.y)
        declared = definition.data.held_out(images if located.complete else OF_ALL_OF_MNIST)
        settings = declared if located.complete else _shrunk(declared, images)
        _check_fits(settings, definition, located, part)
        split = partition_with_copies(part.strata, part.copies, holdout=settings.holdout, seed=definition.seed)
        data = cls(part, split, settings, declared, definition.metric)
        wanted = {f"rounds.{i}": each.samples for i, each in enumerate(definition.rounds)}
        if definition.comparison is not None:
            wanted["comparison"] = definition.comparison.samples
        for place, samples in wanted.items():
            if located.complete and samples > data.pool_size:
                raise UserError(
                    f"{place}.samples = {samples}, but only {data.pool_size} {part.unit} of {located.name} are left "
                    "to train on beside the holdout; set fewer samples"
                )
        return data

    def settled(self, definition: StudyDefinition) -> StudyDefinition:
        """Return `definition` with the numbers that it left to the number of images, as its record keeps them."""
        data = definition.data.given(self.declared)
        if isinstance(self.part, ExamplePart) and not self.part.test:
            data = replace(data, tested=False)
        return replace(definition, data=data)

    @property
    def pool_size(self) -> int:
        """How many images a run on all of the data trains on."""
        return len(self.split.pool)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one image, or of any other example."""
        return tuple(self.part.x.shape[1:])

    @property
    def pictures(self) -> TrainingPart:
        """The images that a network of ours trains on. Raises UserError where the examples are none."""
        if not isinstance(self.part, TrainingPart):
            raise UserError(
                "our networks take images with classes, and these data are other examples; name another [trainer]"
            )
        return self.part

    @property
    def chance(self) -> float | None:
        """What always guessing the same scores in the study's metric; None where that is not known."""
        return guess(self.metric, self.part.y, self.part.classes)

    def arrays(self, cut: Cut) -> tuple[Arrays, Arrays]:
        """Return x and y of the examples that train, and of those that score, as `cut` says."""
        return self.part.take(cut.train(self.split)), self.part.take(cut.validation(self.split, self.settings))

    def fold(self, cut: Cut) -> Fold:
        """Return the images that train and that score, as `cut` says."""
        return Fold(self._examples(cut.train(self.split)), self._examples(cut.validation(self.split, self.settings)))

    def summary(self) -> dict[str, Any]:
        """Return the numbers that a study's record keeps of its data."""
        return {
            "pool": self.pool_size,
            "holdout": self.settings.holdout,
            "validation": self.settings.validation,
            "confirmation": self.settings.confirmation,
            "classes": self.part.classes,
            "image_shape": list(self.image_shape),
            "chance": self.chance,
        }

    def _examples(self, indices: Indices) -> models.Examples:
        return models.Examples(*self.pictures.take(indices))


def _check_fits(settings: HeldOut, definition: StudyDefinition, located: Located, part: TrainingData) -> None:
    """Raise UserError unless so many images can be held out; it says all three numbers, and such that work."""
    images, unit = len(part.y), part.unit
    classes = max(1, part.classes)
    least = 2 * LEAST + 2 * classes
    among = f" in {part.classes} classes" * bool(part.classes)
    scoring = settings.validation + settings.confirmation
    if settings.holdout <= images - classes and scoring <= settings.holdout:
        return
    if images < least:
        raise UserError(
            f"{located.provenance} has {images:,} training {unit}{among}; at least {least} are "
            f"needed, as {2 * LEAST} are held out to score with and {'each class keeps ' * bool(among)}some to train on"
        )
    working = replace(definition.data, holdout=None, validation=None, confirmation=None)
    if settings.all_of_the_holdout:
        working = replace(working, confirmation=0)
    numbers = working.held_out(images)
    said, works = (
        f"holdout = {each.holdout}"
        + ("" if each.all_of_the_holdout else f", validation = {each.validation}, confirmation = {each.confirmation}")
        for each in (settings, numbers)
    )
    least_kept = "each class keeps one" if among else "some are left"
    raise UserError(
        f"data: {said} do not fit the {images:,} training {unit} of {located.provenance}{',' * bool(among)}{among}: "
        f"{least_kept} to train on, and validation + confirmation are taken from the holdout; set a smaller holdout, "
        f"such as {works}; or leave all of these out, and they are derived from the number of {unit}"
    )


def _shrunk(settings: HeldOut, n_train: int) -> HeldOut:
    """Return `settings` for a stand-in of `n_train` images: a quarter held out, half of that for the search."""
    holdout = min(settings.holdout, n_train // 4)
    if settings.all_of_the_holdout:
        return HeldOut(holdout, holdout, 0)
    validation = min(settings.validation, holdout // 2)
    return HeldOut(holdout, validation, min(settings.confirmation, holdout - validation))
