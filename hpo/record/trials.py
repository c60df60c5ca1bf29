"""Reading the trials of a queue: no lease is needed to look."""

from __future__ import annotations

from optuna.trial import FrozenTrial, TrialState

from hpo.record.attribute_names import from_database
from hpo.searching.queued import QueuedTrial
from hpo.storage.database import Database


def queued_trials(database: Database, study: str) -> list[QueuedTrial]:
    """Return every trial of the Optuna study `study`, in the order they were enqueued."""
    study_id = database.optuna.get_study_id_from_name(study)
    return [view(trial) for trial in database.optuna.get_all_trials(study_id, deepcopy=False)]


def view(trial: FrozenTrial) -> QueuedTrial:
    """Return Optuna's trial as the queue knows it."""
    return QueuedTrial(
        id=trial._trial_id,
        number=trial.number,
        state=trial.state,
        config=dict(trial.params),
        attributes=from_database(trial.user_attrs),
        rungs=trial.intermediate_values,
        score=trial.value if trial.state == TrialState.COMPLETE else None,
        claimed_at=trial.datetime_start,
        ended_at=trial.datetime_complete,
    )
