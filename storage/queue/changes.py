"""What happens to claimed rows whoever does it: they return to the queue, or end as failed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hpo.storage import mirror
from hpo.storage.schema import CLAIMED, FAILED, READY, trials
from hpo.storage.stamps import now, stamp

LONGEST_DETAILS = 20_000
"""So many characters at the end of what is known of a failure are kept."""


def ours(trial_id: int, lease: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Return what holds of a trial as long as it is claimed under this lease."""
    return trials.c.id == trial_id, trials.c.lease == lease, trials.c.state == CLAIMED


def requeue(connection: sa.Connection, study_id: int, *which: sa.ColumnElement[bool], **values: Any) -> list[int]:
    """Return these claimed trials to the queue, with their config, their seed and what they have reached."""
    ready = (
        trials.update()
        .where(*which)
        .values(state=READY, lease_until=None, on_the_way=0, changed=stamp(connection, study_id), **values)
    )
    found = connection.execute(ready.returning(trials.c.number, trials.c.optuna_id)).all()
    mirror.waiting(connection, [each.optuna_id for each in found])
    return [each.number for each in found]


def end_as_failed(
    connection: sa.Connection,
    study_id: int,
    which: Sequence[sa.ColumnElement[bool]],
    reason: str,
    details: str = "",
    **values: Any,
) -> list[int]:
    """End these trials as failed, for `reason`, and return their numbers; `values` are written, too."""
    why = {"reason": reason, **({"details": details[-LONGEST_DETAILS:]} if details else {})}
    query = sa.select(trials.c.id, trials.c.outcome).where(*which).with_for_update()
    failed = []
    for found in connection.execute(query).all():
        ended = (
            trials.update()
            .where(trials.c.id == found.id)
            .values(
                state=FAILED,
                lease_until=None,
                outcome=json.dumps({**json.loads(found.outcome), **why}),
                ended_at=now(connection),
                changed=stamp(connection, study_id),
                **values,
            )
        )
        row = connection.execute(ended.returning(trials.c.number, trials.c.optuna_id, trials.c.ended_at)).one()
        mirror.ended(connection, [row.optuna_id], FAILED, row.ended_at, why)
        failed.append(row.number)
    return failed


def is_past(until: sa.ColumnElement[Any], moment: sa.ColumnElement[float]) -> sa.ColumnElement[bool]:
    """Say whether a lease has expired, as an expression; what is no number in SQLite is long ago."""
    return sa.cast(until, sa.Double) < moment
