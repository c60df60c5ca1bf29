"""What a worker does: it claims a trial, says that it is alive, and reports, fails or gives back what it has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from hpo.storage import mirror
from hpo.storage.holders import LEASE_SECONDS
from hpo.storage.queue.changes import end_as_failed, ours, requeue
from hpo.storage.queue.rows import ROW, TrialRow, trial_row
from hpo.storage.records import Curve, save_curve, save_network_bytes
from hpo.storage.schema import CLAIMED, COMPLETE, PAUSED, READY, trials
from hpo.storage.stamps import now, once, stamp

DONE = 100
"""The last rung, in percent."""

_THE_STUDY: sa.BindParameter[int] = sa.bindparam("the_study", type_=sa.Integer)


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a claimed trial at a rung: `shown` is its outcome in the words that Optuna's tables have.

    `network` is the trained network, where it is to be kept; `constraint` a number that must not be above 0, in the
    form that Optuna and its dashboard both read.
    """

    rung: int
    score: float
    curve: Curve
    outcome: Mapping[str, Any]
    shown: Mapping[str, Any] = field(default_factory=dict)
    network: bytes | None = None
    constraint: float | None = None


def claim(connection: sa.Connection, study_id: int, holder: str, paused_here: Sequence[int] = ()) -> TrialRow | None:
    """Take one trial that is ready, and return it under a new lease; None if there is none.

    First come those that were `paused_here`, whose training is still in this worker's memory; then fresh ones, in the
    order in which they were put into the queue; then those that others paused, from the back.
    """
    values = {"the_study": study_id, "the_holder": holder, "the_seconds": LEASE_SECONDS}
    if paused_here:
        values["the_paused"] = list(paused_here)
    found = connection.execute(once(connection, _claiming, bool(paused_here)), values).first()
    if found is None:
        return None
    row = trial_row(found)
    mirror.running(connection, row.optuna_id, row.claimed_at)
    return row


def _claiming(connection: sa.Connection, some_are_paused: bool) -> Any:
    mine = trials.c.id.in_(sa.bindparam("the_paused", expanding=True))
    picks = [_first(mine, trials.c.id)] if some_are_paused else []
    picks += [_first(trials.c.reached == 0, trials.c.id)]
    picks += [_first(trials.c.reached > 0, trials.c.id.desc())]
    moment = now(connection)
    return (
        trials.update()
        .where(trials.c.id == sa.func.coalesce(*picks), trials.c.state == READY)
        .values(
            state=CLAIMED,
            lease=trials.c.lease + 1,
            holder=sa.bindparam("the_holder"),
            lease_until=moment + sa.bindparam("the_seconds", type_=sa.Double),
            claimed_at=moment,
            on_the_way=0,
            changed=stamp(connection, _THE_STUDY),
        )
        .returning(*ROW)
    )


def _first(which: sa.ColumnElement[bool], order: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """Return the first ready trial of that kind that no other transaction is just taking."""
    found = sa.select(trials.c.id).where(trials.c.study_id == _THE_STUDY, trials.c.state == READY, which)
    return found.order_by(order).limit(1).with_for_update(skip_locked=True).scalar_subquery()


def let_go(connection: sa.Connection, study_id: int, holder: str) -> None:
    """Return to the queue what `holder` has claimed without knowing it: the answer to its claim was lost."""
    forgotten = (trials.c.study_id == study_id, trials.c.state == CLAIMED, trials.c.holder == holder)
    requeue(connection, study_id, *forgotten, holder=None)


def renew(connection: sa.Connection, claims: Mapping[int, int]) -> None:
    """Say for claims (lease number by trial) that their worker is alive, unless others have them by now."""
    until = now(connection) + LEASE_SECONDS
    for trial_id, lease in claims.items():
        connection.execute(trials.update().where(*ours(trial_id, lease)).values(lease_until=until))


def report(connection: sa.Connection, study_id: int, row: TrialRow, what: Report) -> bool:
    """Write down what is known of a claimed trial at a rung and end the claim; the last rung completes the trial.

    Returns False, and writes nothing, if the claim was lost meanwhile: then another worker has the trial. The same
    report twice is the same report.
    """
    done = what.rung == DONE
    values = {
        "the_study": study_id,
        "the_id": row.id,
        "the_lease": row.lease,
        "the_rung": what.rung,
        "the_rungs": json.dumps({**row.rungs, what.rung: what.score}),
        "the_score": what.score if done else None,
        "the_outcome": json.dumps({**row.outcome, **what.outcome}),
    }
    found = connection.execute(once(connection, _reporting, done), values).first()
    if found is None:
        return _was_reported(connection, row, what.rung)
    save_curve(connection, row.id, what.curve)
    if what.network is not None:
        save_network_bytes(connection, row.id, what.network)
    shown = mirror.Reached(what.rung, what.score, what.shown, what.constraint, found.ended_at)
    mirror.reported(connection, found.optuna_id, shown)
    return True


def _reporting(connection: sa.Connection, done: bool) -> Any:
    return (
        trials.update()
        .where(
            trials.c.id == sa.bindparam("the_id"),
            trials.c.lease == sa.bindparam("the_lease"),
            trials.c.state == CLAIMED,
        )
        .values(
            state=COMPLETE if done else PAUSED,
            reached=sa.bindparam("the_rung"),
            on_the_way=0,
            rungs=sa.bindparam("the_rungs"),
            score=sa.bindparam("the_score"),
            outcome=sa.bindparam("the_outcome"),
            holder=None,
            lease_until=None,
            ended_at=now(connection) if done else None,
            changed=stamp(connection, _THE_STUDY),
        )
        .returning(trials.c.optuna_id, trials.c.ended_at)
    )


def _was_reported(connection: sa.Connection, row: TrialRow, rung: int) -> bool:
    found = connection.execute(sa.select(trials.c.lease, trials.c.reached).where(trials.c.id == row.id)).first()
    return found is not None and found.lease == row.lease and found.reached >= rung


def note(connection: sa.Connection, study_id: int, row: TrialRow, percent: int, score: float | None) -> bool:
    """Write down how a claimed trial stands on the way, for those who watch; nothing is decided by it."""
    written = trials.update().where(*ours(row.id, row.lease))
    written = written.values(on_the_way=percent, changed=stamp(connection, study_id))
    found = connection.execute(written.returning(trials.c.optuna_id)).first()
    if found is not None:
        mirror.noted(connection, found.optuna_id, percent, score)
    return found is not None


def fail(connection: sa.Connection, study_id: int, row: TrialRow, reason: str, details: str = "") -> bool:
    """End a claimed trial as failed, for `reason`, and say whether the claim was still ours.

    `details` is what else is known of it, such as a whole traceback.
    """
    return bool(end_as_failed(connection, study_id, ours(row.id, row.lease), reason, details))


def give_back(connection: sa.Connection, study_id: int, row: TrialRow) -> bool:
    """Return a claimed trial to the queue as it was, and say whether the claim was still ours."""
    return bool(requeue(connection, study_id, *ours(row.id, row.lease), holder=None))
