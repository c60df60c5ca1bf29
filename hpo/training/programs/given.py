"""The program of a study, from what a worker was started with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import platformdirs

from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.programs import ProgramTrainer, program_sources
from hpo.definition.trainers.sources import changed
from hpo.storage.errors import UserError
from hpo.storage.located import Located
from hpo.storage.splits import partition
from hpo.training.given import Given
from hpo.training.images import StudyData
from hpo.training.programs.runs import Data
from hpo.training.programs.trainer import Programs


def programs(
    definition: StudyDefinition,
    settings: ProgramTrainer,
    data: StudyData | None,
    given: Given | None,
    *,
    located: Located | None = None,
    scope: str = "",
) -> Programs:
    """Return the trainer of `definition`. Raises UserError where its program is not what was `given`."""
    refused = settings.refusal(None if given is None else given.trainer)
    if refused is not None or given is None or not isinstance(given.trainer, ProgramTrainer):
        raise UserError(f"{definition.name}: {refused}. {_WAY_OUT}")
    call = given.trainer.program
    differs = changed(settings.sources, program_sources((*call.command, *call.files), given.folder))
    if differs:
        raise UserError(f"{settings.name} is not as it was when this began: {differs}; run the command again")
    return Programs(
        given.trainer,
        definition.metric,
        folder=given.folder,
        checkpoints=checkpoints_of(given.trainer, given.folder),
        scope=scope or definition.name,
        data=_data(definition, data, located),
    )


_WAY_OUT = (
    "A worker runs no code that only a database names: start it with the study file (--study FILE.toml), or with "
    "--trainer FILE.toml"
)


def checkpoints_of(trainer: ProgramTrainer, folder: Path) -> Path:
    """Return the folder in which paused trainings are kept; a relative one lies in the study file's."""
    if trainer.program.checkpoints is None:
        return platformdirs.user_cache_path("hpo-service") / "checkpoints"
    return folder / Path(trainer.program.checkpoints).expanduser()


def _data(definition: StudyDefinition, data: StudyData | None, located: Located | None) -> Data | None:
    """Return where the examples are and how they divide: those of data.dataset, or so many of the program's own."""
    if data is not None and located is not None:
        if located.all_in_one:
            raise UserError(
                f"{located.provenance} has no test examples of its own, so rows of it are set aside for the test, and "
                "a program would count others than it is told; save x_train, y_train, x_test and y_test, or give "
                "data.examples = N and let the program read its own"
            )
        return Data(str(located.paths[0]), data.split, data.settings)
    examples = definition.data.examples
    if examples is None:
        return None
    numbers = definition.data.held_out(examples)
    split = partition(np.zeros(examples, dtype=np.int64), holdout=numbers.holdout, seed=definition.seed)
    return Data(definition.data.dataset or "", split, numbers)
