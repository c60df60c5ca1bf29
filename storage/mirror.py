"""What Optuna's own tables show of our trials, for its dashboard and its tools: written with every change of ours.

Nothing is read from here. Anybody may change these tables, or delete what is in them, with Optuna: what is missing or
different is written anew by `repair`, from what is true (hpo_studies, hpo_trials). Every statement here names Optuna's
trial by its number and changes nothing where there is none.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from optuna.distributions import json_to_distribution
from optuna.storages._rdb import models
from optuna.trial import TrialState

from hpo.storage.schema import CLAIMED, COMPLETE, FAILED, PAUSED, READY, STOPPED
from hpo.storage.upserts import upsert

METADATA: sa.MetaData = models.BaseModel.metadata
STUDIES, TRIALS = METADATA.tables["studies"], METADATA.tables["trials"]
PARAMS, VALUES = METADATA.tables["trial_params"], METADATA.tables["trial_values"]
USER, SYSTEM = METADATA.tables["trial_user_attributes"], METADATA.tables["trial_system_attributes"]
ON_THE_RUNGS = METADATA.tables["trial_intermediate_values"]
STATES = {
    READY: TrialState.WAITING,
    PAUSED: TrialState.WAITING,
    CLAIMED: TrialState.RUNNING,
    COMPLETE: TrialState.COMPLETE,
    STOPPED: TrialState.PRUNED,
    FAILED: TrialState.FAIL,
}
"""What each of our states is in Optuna's words."""

ON_THE_WAY = "trained to %, about"
"""A system attribute: how far the worker of a trial is between two rungs."""

Shown = Mapping[str, int]
"""Optuna's numbers of the studies that show each part."""


@dataclass(frozen=True, slots=True)
class NewTrial:
    """A trial that Optuna is to show; attributes have the names that people read, distributions are Optuna's JSON."""

    study_id: int
    number: int
    config: Mapping[str, Any]
    distributions: Mapping[str, str]
    attributes: Mapping[str, Any]
    state: str = READY
    rungs: Mapping[int, float] = field(default_factory=dict)
    score: float | None = None
    started: float | None = None
    ended: float | None = None


def last_number(connection: sa.Connection, study_id: int) -> int:
    """Return the number of the trial that was put last into this study, whoever put it there; -1 without any."""
    query = sa.select(TRIALS.c.number).where(TRIALS.c.study_id == study_id).order_by(TRIALS.c.trial_id.desc())
    last = connection.execute(query.limit(1)).scalar()
    return -1 if last is None else int(last)


def enqueue(connection: sa.Connection, new: Sequence[NewTrial]) -> list[int]:
    """Let Optuna show these trials, and return its numbers for them, in their order."""
    if not new:
        return []
    rows = [
        {
            "study_id": each.study_id,
            "number": each.number,
            "state": STATES[each.state],
            "datetime_start": _utc(each.started),
            "datetime_complete": _utc(each.ended),
        }
        for each in new
    ]
    made = connection.execute(TRIALS.insert().returning(TRIALS.c.trial_id, sort_by_parameter_order=True), rows)
    ids = list(made.scalars())
    params, attributes, rungs, values = [], [], [], []
    for trial_id, each in zip(ids, new, strict=True):
        for name, value in each.config.items():
            distribution = json_to_distribution(each.distributions[name])
            params.append(
                {
                    "trial_id": trial_id,
                    "param_name": name,
                    "param_value": distribution.to_internal_repr(value),
                    "distribution_json": each.distributions[name],
                }
            )
        attributes += _texts(trial_id, each.attributes)
        rungs += [_rung(trial_id, step, score) for step, score in each.rungs.items()]
        if each.score is not None:
            values.append(_value(trial_id, each.score))
    for table, some in ((PARAMS, params), (USER, attributes), (ON_THE_RUNGS, rungs), (VALUES, values)):
        if some:
            connection.execute(table.insert(), some)
    return ids


_THIS_ONE = TRIALS.update().where(TRIALS.c.trial_id == sa.bindparam("the_id"))
_WAITING = _THIS_ONE.values(state=TrialState.WAITING)
_RUNNING = _THIS_ONE.values(
    state=TrialState.RUNNING, datetime_start=sa.bindparam("the_start", type_=TRIALS.c.datetime_start.type)
)
_COMPLETE = _THIS_ONE.values(
    state=TrialState.COMPLETE, datetime_complete=sa.bindparam("the_end", type_=TRIALS.c.datetime_complete.type)
)
"""What every claim and report says, built once: see storage.stamps.once."""


def running(connection: sa.Connection, trial_id: int | None, at: float | None) -> None:
    """Show that a worker has the trial."""
    connection.execute(_RUNNING, {"the_id": trial_id, "the_start": _utc(at)})


def waiting(connection: sa.Connection, trial_ids: Sequence[int | None]) -> None:
    """Show that the trials wait for a worker."""
    if trial_ids:
        connection.execute(TRIALS.update().where(TRIALS.c.trial_id.in_(trial_ids)).values(state=TrialState.WAITING))


def noted(connection: sa.Connection, trial_id: int | None, percent: int, score: float | None) -> None:
    """Show how far a trial is, and how good where that is known."""
    if not _is_there(connection, trial_id):
        return
    if score is None:
        upsert(connection, SYSTEM, _texts(trial_id, {ON_THE_WAY: percent}), ("trial_id", "key"))
    else:
        upsert(connection, ON_THE_RUNGS, [_rung(trial_id, percent, score)], ("trial_id", "step"))


@dataclass(frozen=True, slots=True)
class Reached:
    """What a trial has reached, see storage.queue.claims.Report; `ended` is when it was complete, where it is."""

    rung: int
    score: float
    attributes: Mapping[str, Any]
    constraint: float | None
    ended: float | None


def reported(connection: sa.Connection, trial_id: int | None, reached: Reached) -> None:
    """Show what a trial has reached."""
    rung, score, ended = reached.rung, reached.score, reached.ended
    if ended is None:
        found = connection.execute(_WAITING, {"the_id": trial_id})
    else:
        found = connection.execute(_COMPLETE, {"the_id": trial_id, "the_end": _utc(ended)})
    if not found.rowcount:
        return
    upsert(connection, ON_THE_RUNGS, [_rung(trial_id, rung, score)], ("trial_id", "step"))
    upsert(connection, USER, _texts(trial_id, reached.attributes), ("trial_id", "key"))
    if reached.constraint is not None:
        upsert(connection, SYSTEM, _texts(trial_id, {"constraints": [reached.constraint]}), ("trial_id", "key"))
    if ended is not None:
        upsert(connection, VALUES, [_value(trial_id, score)], ("trial_id", "objective"))


def ended(
    connection: sa.Connection,
    trial_ids: Sequence[int | None],
    state: str,
    at: float,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Show that these trials have ended, as stopped or as failed."""
    here = TRIALS.update().where(TRIALS.c.trial_id.in_(trial_ids))
    connection.execute(here.values(state=STATES[state], datetime_complete=_utc(at)))
    for trial_id in trial_ids if attributes else ():
        if _is_there(connection, trial_id):
            upsert(connection, USER, _texts(trial_id, attributes or {}), ("trial_id", "key"))


def _is_there(connection: sa.Connection, trial_id: int | None) -> bool:
    return connection.execute(sa.select(TRIALS.c.trial_id).where(TRIALS.c.trial_id == trial_id)).first() is not None


def _texts(trial_id: int | None, attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]


def _rung(trial_id: int | None, step: int, score: float) -> dict[str, Any]:
    kind = models.TrialIntermediateValueModel.TrialIntermediateValueType
    value, found = (None, kind.NAN) if math.isnan(score) else (score, kind.FINITE)
    return {
        "trial_id": trial_id,
        "step": step,
        "intermediate_value": value,
        "intermediate_value_type": found,
    }


def _value(trial_id: int | None, score: float) -> dict[str, Any]:
    finite = models.TrialValueModel.TrialValueType.FINITE
    return {"trial_id": trial_id, "objective": 0, "value": score, "value_type": finite}


def _utc(seconds: float | None) -> datetime.datetime | None:
    """Return a time as Optuna's tables have it: UTC without a zone."""
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)
