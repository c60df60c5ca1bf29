"""What `hpo audit --trainer` trains with: a function, or what a study file declares, on its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hpo.cli.given import function_given, given_by
from hpo.definition.settings import DataSettings, RoundSettings
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.record.declared import DeclaredStudy
from hpo.searching.metric import Metric
from hpo.searching.space import SearchSpace
from hpo.storage.errors import UserError
from hpo.training.estimator_door import settled
from hpo.training.images import StudyData
from hpo.training.kinds import trainer_of
from hpo.training.loading import load_data, locate_data
from hpo.training.protocol import Trainer


def trainer_again(
    called: str, metric: Metric, data_dir: Path | None, scope: str, announce: Callable[[str], None]
) -> tuple[StudyDefinition, Trainer]:
    """Return the trainer that --trainer `called`, for scores in `metric`, with the definition that says how it trains.

    A function alone takes the examples that it has. Raises UserError for what does not exist, or does not go together.
    """
    if not called.endswith(".toml"):
        given = function_given(called)
        rounds = (RoundSettings(1, 0, 1),)
        alone = StudyDefinition("audit", "", DataSettings(), given.trainer, SearchSpace({}), rounds, metric=metric)
        return alone, trainer_of(alone, None, given, scope=scope)
    declared = DeclaredStudy.load(called)
    definition, study_given = declared.definition, given_by(declared)
    if not definition.rounds:
        raise UserError(f"--trainer {called} compares the configs of a grid; name a study that searches")
    if definition.metric.direction != metric.direction:
        raise UserError(
            f"--trainer {called}: its {definition.metric.name} is {definition.metric.direction}d, and this search "
            f"{metric.direction}d its score; name a study file with the metric of the search"
        )
    if isinstance(definition.trainer, EstimatorTrainer):
        definition = replace(definition, trainer=settled(definition.trainer))
    data = located = None
    if definition.data.dataset is not None:
        located = locate_data(definition, data_dir=data_dir, announce=announce)
        data = StudyData.build(definition, located, load_data(located))
        definition = data.settled(definition)
    elif isinstance(definition.trainer, EstimatorTrainer):
        raise UserError("data.dataset is missing: what is the estimator to be fitted to? an .npz, .csv or .parquet")
    trainer = trainer_of(definition, data, study_given, located=located, scope=scope)
    return definition, trainer
