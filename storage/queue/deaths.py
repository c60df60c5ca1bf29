"""What whoever finds a worker dead does: its trial returns to the queue, and a parent that saw it die may blame it."""

from __future__ import annotations

import sqlalchemy as sa

from hpo.storage.holders import is_dead, name_of
from hpo.storage.queue.changes import end_as_failed, is_past, ours, requeue
from hpo.storage.schema import CLAIMED, READY, trials
from hpo.storage.stamps import now

MAX_DEATHS = 3
"""After so many workers that died of it the trial, not the worker, is to blame (it eats the memory, say)."""


def reap(connection: sa.Connection, study_id: int) -> list[int]:
    """Return the trials of dead workers to the queue, and give their numbers; nobody is to blame for that.

    The dead one stays written down, so that a parent that saw it die may blame the trial later.
    """
    claimed = trials.c.study_id == study_id, trials.c.state == CLAIMED
    query = sa.select(
        trials.c.id, trials.c.lease, trials.c.holder, is_past(trials.c.lease_until, now(connection)).label("late")
    )
    freed = []
    for found in connection.execute(query.where(*claimed)).all():
        if found.late or is_dead(found.holder or ""):
            still = () if is_dead(found.holder or "") else (is_past(trials.c.lease_until, now(connection)),)
            its = (*ours(found.id, found.lease), *still)
            freed += requeue(connection, study_id, *its, dead_holder=trials.c.holder, holder=None)
    return freed


def anyone_dead(connection: sa.Connection, study_id: int) -> bool:
    """Say whether `reap` would find somebody; this only reads."""
    query = sa.select(trials.c.holder, is_past(trials.c.lease_until, now(connection)).label("late"))
    found = connection.execute(query.where(trials.c.study_id == study_id, trials.c.state == CLAIMED)).all()
    return any(each.late or is_dead(each.holder or "") for each in found)


def is_worked_on(connection: sa.Connection, study_id: int) -> bool:
    """Say whether somebody alive trains a trial of the study."""
    query = sa.select(trials.c.holder, (~is_past(trials.c.lease_until, now(connection))).label("timely"))
    found = connection.execute(query.where(trials.c.study_id == study_id, trials.c.state == CLAIMED)).all()
    return any(each.timely and not is_dead(each.holder or "") for each in found)


def bury(connection: sa.Connection, study_id: int, name: str, cause: str) -> list[tuple[int, bool]]:
    """Blame the trial that the worker called `name` died of, which its parent saw; give its number and if it failed.

    It returns to the queue, and after MAX_DEATHS it fails. If somebody has returned it before, it is blamed all the
    same; another worker that has it by then may end it, or die of it, too.
    """
    dead = sa.or_(*(column.endswith(f" {name}", autoescape=True) for column in (trials.c.holder, trials.c.dead_holder)))
    query = sa.select(trials.c.id, trials.c.number, trials.c.deaths, trials.c.holder)
    query = query.where(trials.c.study_id == study_id, trials.c.state.in_((CLAIMED, READY)), dead).with_for_update()
    buried = []
    for found in connection.execute(query).all():
        deaths = found.deaths + 1
        this_one = trials.c.id == found.id
        elsewhere = found.holder is not None and name_of(found.holder) != name
        failed = deaths >= MAX_DEATHS and not elsewhere
        if failed:
            reason = f"its worker died {deaths} times while training it ({cause}; out of memory?)"
            end_as_failed(connection, study_id, (this_one,), reason, deaths=deaths)
        elif elsewhere:
            connection.execute(trials.update().where(this_one).values(deaths=deaths, dead_holder=None))
        else:
            requeue(connection, study_id, this_one, deaths=deaths, holder=None, dead_holder=None)
        buried.append((found.number, failed))
    return buried
