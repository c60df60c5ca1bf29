"""The lead of a study: one process at a time has it, under a lease with a number that rises with every new one."""

from __future__ import annotations

import sqlalchemy as sa

from hpo.storage.holders import LEASE_SECONDS, is_dead
from hpo.storage.queue.changes import is_past
from hpo.storage.schema import studies
from hpo.storage.stamps import now


class LostLeadError(Exception):
    """Another process leads the study by now; nothing was written."""


def take_lead(connection: sa.Connection, study_id: int, holder: str) -> int | None:
    """Take the lead of a study if nobody alive has it, and return the number of the lease; None if somebody has it."""
    query = sa.select(studies.c.leader, is_past(studies.c.leader_until, now(connection)).label("late"))
    found = connection.execute(query.where(studies.c.id == study_id).with_for_update()).first()
    if found is None or not (found.leader in (None, holder) or found.late or is_dead(found.leader)):
        return None  # it is ours where the answer to the same question was lost
    taken = (
        studies.update()
        .where(studies.c.id == study_id)
        .values(leader=holder, leader_lease=studies.c.leader_lease + 1, leader_until=now(connection) + LEASE_SECONDS)
    )
    return int(connection.execute(taken.returning(studies.c.leader_lease)).scalar_one())


def lead(connection: sa.Connection, study_id: int, lease: int) -> None:
    """Renew the lead, and hold it until this transaction is over. Raises LostLeadError if another one has it."""
    ours = studies.c.id == study_id, studies.c.leader_lease == lease
    renewed = studies.update().where(*ours).values(leader_until=now(connection) + LEASE_SECONDS)
    if not connection.execute(renewed).rowcount:
        raise LostLeadError


def leave_lead(connection: sa.Connection, study_id: int, lease: int) -> None:
    """Give the lead back, so that another one need not wait for it to expire."""
    ours = studies.c.id == study_id, studies.c.leader_lease == lease
    connection.execute(studies.update().where(*ours).values(leader=None, leader_until=None))


def is_led(connection: sa.Connection, study_id: int) -> bool:
    """Say whether somebody alive leads the study."""
    query = sa.select(studies.c.leader, (~is_past(studies.c.leader_until, now(connection))).label("timely"))
    found = connection.execute(query.where(studies.c.id == study_id)).first()
    return found is not None and found.leader is not None and found.timely and not is_dead(found.leader)


def hold(connection: sa.Connection, study_id: int) -> None:
    """Let nobody take the lead of the study, or change it, until this transaction is over."""
    connection.execute(sa.select(studies.c.id).where(studies.c.id == study_id).with_for_update())
