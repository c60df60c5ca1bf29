"""A look at the data before anything runs, so that what does not fit is said at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo import models
from hpo.cli.memory import check_memory
from hpo.cli.running import say
from hpo.definition.settings import DATASETS
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.storage.datasets import TrainingPart, load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.test_check import check_test_part
from hpo.training.images import StudyData
from hpo.training.own_data import SOURCE, own_data_summary


@dataclass(frozen=True)
class Looked:
    """What was found of a study's data: `data` is None where its trainer brings its own."""

    data: StudyData | None
    summary: Mapping[str, Any]
    source: Mapping[str, str]

    def settled(self, definition: StudyDefinition) -> StudyDefinition:
        """Return `definition` with the numbers that it left to the number of examples."""
        return definition if self.data is None else self.data.settled(definition)


def look_at_data(definition: StudyDefinition, data_dir: Path | None, announce: Callable[[str], None] = say) -> Looked:
    """Find and cut the data, and build the network once, so that what does not fit is said before anything runs.

    Says what a user's own data were taken for, in one line, and another if pictures are there more than once.
    """
    if definition.data.dataset is None:
        return Looked(None, own_data_summary(definition), SOURCE)
    located = locate(definition.data.dataset, data_dir=data_dir, announce=announce)
    if located.taken_for:
        announce(located.taken_for)
    part = load_training_part(located)
    for remark in (*_remarks(part), *check_test_part(located, part)):
        announce(f"{located.provenance}: {remark}")
    data = StudyData.build(definition, located, part)
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


def _remarks(part: TrainingPart) -> list[str]:
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
