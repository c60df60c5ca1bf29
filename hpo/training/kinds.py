"""The trainer of a study, made from its definition, its data, and what the worker was started with."""

from __future__ import annotations

from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.definition.trainers.functions import FunctionTrainer
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.definition.trainers.programs import ProgramTrainer
from hpo.storage.errors import UserError
from hpo.storage.located import Located
from hpo.training.estimator_door import settled
from hpo.training.estimators import Estimators
from hpo.training.functions.given import functions
from hpo.training.given import Given
from hpo.training.images import StudyData
from hpo.training.networks import Networks
from hpo.training.programs.given import programs
from hpo.training.protocol import Trainer


def trainer_of(
    definition: StudyDefinition,
    data: StudyData | None,
    given: Given | None = None,
    *,
    located: Located | None = None,
    scope: str = "",
) -> Trainer:
    """Return the trainer of `definition`, whose `data` were `located`; `scope` tells its study from all others.

    Raises UserError where it is another one than was `given`.
    """
    settings = definition.trainer
    if isinstance(settings, NetworkTrainer):
        if data is None:
            raise UserError(f"{definition.name} trains a network, and no data were found for it; give data.dataset")
        return Networks(settings, data)
    if isinstance(settings, FunctionTrainer):
        return functions(definition, settings, data, given)
    if isinstance(settings, EstimatorTrainer):
        return _estimators(definition, settings, data, given)
    if isinstance(settings, ProgramTrainer):
        return programs(definition, settings, data, given, located=located, scope=scope)
    if given is None or given.trainer != settings:
        raise UserError(f"{definition.name} trains something else than was given here; start it with its study file")
    raise UserError(f"{definition.name} has a trainer of a kind that is not known here; install a newer version")


def _estimators(
    definition: StudyDefinition, settings: EstimatorTrainer, data: StudyData | None, given: Given | None
) -> Trainer:
    """Return the trainer of an estimator, whose class is imported only where it was given."""
    if given is None or not isinstance(given.trainer, EstimatorTrainer) or settled(given.trainer) != settings:
        raise UserError(f"{definition.name} trains something else than was given here; start it with its study file")
    if data is None:
        raise UserError(f"{definition.name} trains an estimator, and has no data; give data.dataset")
    return Estimators(settings, data)
