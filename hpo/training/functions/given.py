"""The function of a study, from what a worker was started with."""

from __future__ import annotations

import pickle
import sys
from functools import partial
from pathlib import Path
from typing import Any

from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.calls import find
from hpo.definition.trainers.functions import FunctionTrainer
from hpo.definition.trainers.sources import Sources, changed
from hpo.storage.errors import UserError
from hpo.training.functions.examples import Examples, OwnExamples
from hpo.training.functions.faults import place, said
from hpo.training.functions.loading import load
from hpo.training.functions.trainer import Functions, TrainFunction
from hpo.training.given import Given
from hpo.training.images import StudyData


def functions(
    definition: StudyDefinition, settings: FunctionTrainer, data: StudyData | None, given: Given | None
) -> Functions:
    """Return the trainer of `definition`. Raises UserError where its function is not what was `given`."""
    refused = settings.refusal(None if given is None else given.trainer)
    if refused is not None or given is None or not isinstance(given.trainer, FunctionTrainer):
        raise UserError(f"{definition.name}: {refused}. {way_out(settings)}")
    each = given.trainer.function
    return Functions(
        partial(_unpickled, given.pickled, given.path, settings.name)
        if given.pickled is not None
        else partial(_loaded, each.call, given.folder, settings.sources),
        settings.name,
        definition.metric,
        definition.abilities,
        None if data is None else Examples(data.part.x, data.part.y, data.split, data.settings),
        OwnExamples(definition.seed, definition.data.held_out, definition.data.examples),
        repr(settings.source),
        None if each.checkpoints is None else given.folder / Path(each.checkpoints).expanduser(),
    )


def way_out(settings: FunctionTrainer) -> str:
    """Return how a worker is given the function that a study trains with."""
    call = settings.function.call
    if ":" not in call:
        return f"{call} was handed over in Python: call hpo.search with it again"
    return (
        f"A worker runs no code that only a database names: start it with the study file (--study FILE.toml), or with "
        f"--trainer {call}"
    )


def _loaded(call: str, folder: Path, expected: Sources) -> TrainFunction:
    where = find(call, folder)
    differs = changed(expected, where.sources())
    if differs:
        raise UserError(f"{call} is not as it was when this began: {differs}; run the command again")
    return load(where)


def _unpickled(pickled: bytes, path: tuple[str, ...], name: str) -> TrainFunction:
    sys.path[:] = [*sys.path, *(each for each in path if each not in sys.path)]
    try:
        function: Any = pickle.loads(pickled)
    except Exception as error:
        raise UserError(
            f"{name} cannot be had in a worker's process: {said(error)}{place(error)}; define it in a file, and import "
            "what it needs inside it"
        ) from error
    return function  # type: ignore[no-any-return]
