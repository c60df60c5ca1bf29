"""A look at the data before anything runs, so that what does not fit is said at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpo import models
from hpo.cli.memory import check_memory
from hpo.cli.running import say
from hpo.definition.settings import DATASETS
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.storage.datasets import TrainingPart
from hpo.storage.errors import UserError
from hpo.storage.example_check import check_test_examples, remarks
from hpo.storage.examples import ExamplePart
from hpo.storage.located import Located
from hpo.storage.test_check import check_test_part
from hpo.training.estimator_door import check_estimators, settled
from hpo.training.images import StudyData
from hpo.training.loading import TrainingData, load_data, locate_data
from hpo.training.own_data import SOURCE, own_data_summary


@dataclass(frozen=True)
class Looked:
    """What was found of a study's data: `data` is None where its trainer brings its own."""

    data: StudyData | None
    summary: Mapping[str, Any]
    source: Mapping[str, str]

    def settled(self, definition: StudyDefinition) -> StudyDefinition:
        """Return `definition` with what it left to the data and to its trainer's class."""
        if isinstance(definition.trainer, EstimatorTrainer):
            definition = replace(definition, trainer=settled(definition.trainer))
        return definition if self.data is None else self.data.settled(definition)


def look_at_data(definition: StudyDefinition, data_dir: Path | None, announce: Callable[[str], None] = say) -> Looked:
    """Find and cut the data, and build the network once, so that what does not fit is said before anything runs.

    Says what a user's own data were taken for, in one line, and another if pictures are there more than once.
    """
    if definition.data.dataset is None:
        if isinstance(definition.trainer, EstimatorTrainer):
            raise UserError("data.dataset is missing: what is the estimator to be fitted to? an .npz, .csv or .parquet")
        return Looked(None, own_data_summary(definition), SOURCE)
    located = locate_data(definition, data_dir=data_dir, announce=announce)
    if located.taken_for:
        announce(located.taken_for)
    part = load_data(located)
    for remark in _remarks(located, part):
        announce(f"{located.provenance}: {remark}")
    data = StudyData.build(definition, located, part)
    if isinstance(definition.trainer, EstimatorTrainer):
        for remark in check_estimators(definition, settled(definition.trainer), data):
            announce(remark)
    if isinstance(definition.trainer, NetworkTrainer):
        check_memory(definition, data)
        rng = np.random.default_rng(0)
        try:
            models.build_network(definition.trainer.network, data.image_shape, data.part.classes, rng)
        except ValueError as error:
            raise UserError(f"the network does not fit the images of {located.provenance}: {error}") from error
    return Looked(data, data.summary(), located.record())


def data_dir_of_workers(definition: StudyDefinition, data_dir: Path | None) -> Path | None:
    """Return where workers find the data: they know the path of the study's record, which may be another one."""
    if definition.data.dataset is None or definition.data.dataset in DATASETS:
        return data_dir
    path = Path(definition.data.dataset).expanduser().absolute()
    return path if path.exists() else data_dir


def _remarks(located: Located, part: TrainingData) -> tuple[str, ...]:
    """Return what a user should know about the data that is no mistake. Raises UserError for a test part that is."""
    if isinstance(part, ExamplePart):
        return (*remarks(part), *check_test_examples(located, part))
    return (*_of_images(part), *check_test_part(located, part))


def _of_images(part: TrainingPart) -> list[str]:
    """Return what a user should know about training images that are no mistake."""
    said = []
    if part.copies is not None:
        count = int(part.copies.max()) + 1
        said.append(
            f"of the {len(part.labels):,} training images, {count:,} are different. Copies of one image are all used "
            "for training, or all for validation."
        )
    if part.images.dtype.kind == "f" and (high := float(part.images.max())) > FLOAT_RANGE:
        said.append(
            f"images are floats up to {high:g} and are used as they are; networks train better on 0 to 1: divide them, "
            "or save them as uint8."
        )
    return said


FLOAT_RANGE = 20.0
"""Floats beyond it are hardly scaled for a network: standardized ones stay within it."""
