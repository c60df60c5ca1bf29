"""A look at the data before anything runs, so that what does not fit is said at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpo import models
from hpo.cli.memory import check_memory
from hpo.cli.running import say
from hpo.definition.study import StudyDefinition
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.training.images import StudyData


def look_at_data(definition: StudyDefinition, data_dir: Path | None) -> tuple[StudyData, dict[str, str]]:
    """Find and cut the data, and build the network once, so that what does not fit is said before anything runs."""
    located = locate(definition.data.dataset, data_dir=data_dir, announce=say)
    data = StudyData.build(definition, located, load_training_part(located))
    check_memory(definition, data)
    try:
        models.build_network(definition.network, data.image_shape, data.part.classes, np.random.default_rng(0))
    except ValueError as error:
        raise UserError(f"the network does not fit the images of {located.provenance}: {error}") from error
    return data, located.record()
