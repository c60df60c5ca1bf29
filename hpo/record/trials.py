"""Reading the trials of a queue: no lease is needed to look."""

from __future__ import annotations

from optuna.trial import FrozenTrial, TrialState

from hpo.record.attribute_names import from_database
from hpo.searching.queued import QueuedTrial
from hpo.storage.database import Database
from hpo.storage.errors import UserError


def queued_trials(database: Database, study: str) -> list[QueuedTrial]:
    """Return every trial of the Optuna study `study`, in the order they were enqueued."""
    return [view(trial) for trial in database.optuna.get_all_trials(queue_id(database, study), deepcopy=False)]


def queue_id(database: Database, study: str) -> int:
    """Return Optuna's number of the study `study`. Raises UserError if it is not there any more."""
    try:
        return database.optuna.get_study_id_from_name(study)
    except KeyError:
        raise UserError(f"its part {study!r} is no longer in the database; was it deleted there?") from None


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
