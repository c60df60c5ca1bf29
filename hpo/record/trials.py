"""Reading the trials of a queue: no lease is needed to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from hpo.record.attribute_names import from_database
from hpo.searching.queued import DONE, QueuedTrial
from hpo.storage.database import Database
from hpo.storage.errors import UserError

ON_THE_WAY = "trained to %, about"
"""A system attribute: how far the worker of a trial is between two rungs."""

ENQUEUED = "fixed_params"
"""A system attribute of what somebody enqueued with Optuna's own `enqueue_trial`."""


def queued_trials(database: Database, study: str) -> list[QueuedTrial]:
    """Return every trial of the Optuna study `study` that this program made, in the order they were enqueued."""
    return trials_of(database, queue_id(database, study))


def trials_of(database: Database, study_id: int) -> list[QueuedTrial]:
    """Return the same of the Optuna study with this id."""
    found = database.optuna.get_all_trials(study_id, deepcopy=False)
    return [trial for trial in map(view, filter(_not_enqueued, found)) if _is_ours(trial.attributes)]


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
        on_the_way=_percent(trial.system_attrs.get(ON_THE_WAY)),
    )


def _percent(noted: object) -> int:
    return noted if isinstance(noted, int) and 0 <= noted <= DONE else 0


def _not_enqueued(trial: FrozenTrial) -> bool:
    return ENQUEUED not in trial.system_attrs


def _is_ours(attributes: Mapping[str, Any]) -> bool:
    """Say whether a trial is one that this program put into its queue: it has a seed and a place.

    Anybody may add trials to a study with Optuna, and Optuna cannot delete them: they are left alone.
    """
    places = (("round", "index"), ("stage", "source", "run"), ("stage", "size", "index", "run"))
    return "seed" in attributes and any(all(name in attributes for name in place) for place in places)
