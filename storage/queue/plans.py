"""What a leader does to trials: it plans them, puts them into the queue, lets them go on and stops them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hpo.storage import mirror
from hpo.storage.schema import FAILED, PAUSED, PLANNED, READY, STOPPED, trials
from hpo.storage.stamps import now, stamp

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Piece:
    """A trial to be: `piece` says which piece of the study's work it is, and is there once."""

    piece: str
    part: str
    config: Mapping[str, Any]
    attributes: Mapping[str, Any]
    distributions: Mapping[str, str]
    allowed: int


def plan(connection: sa.Connection, study_id: int, pieces: Sequence[Piece]) -> None:
    """Write down trials that are to come, which no worker sees yet. A piece that is there already is an error."""
    stamped = stamp(connection, study_id)
    for start in range(0, len(pieces), _BATCH):
        rows = [
            {
                "piece": each.piece,
                "part": each.part,
                "config": json.dumps(dict(each.config)),
                "attributes": json.dumps(dict(each.attributes)),
                "distributions": json.dumps(dict(each.distributions)),
                "allowed": each.allowed,
            }
            for each in pieces[start : start + _BATCH]
        ]
        connection.execute(trials.insert().values(study_id=study_id, state=PLANNED, changed=stamped), rows)


def enqueue(
    connection: sa.Connection, study_id: int, shown: mirror.Shown, names: Mapping[str, str], most: int = _BATCH
) -> int:
    """Put the next `most` planned trials into the queue, as trials that Optuna shows; return how many there were.

    `shown` are Optuna's numbers of the studies that show the parts, `names` what attributes are called there.
    """
    query = sa.select(trials.c.id, trials.c.part, trials.c.config, trials.c.attributes, trials.c.distributions)
    query = query.where(trials.c.study_id == study_id, trials.c.state == PLANNED).order_by(trials.c.id).limit(most)
    found = connection.execute(query).all()
    following: dict[str, int] = {}
    for part in {each.part for each in found}:
        ours = sa.select(sa.func.max(trials.c.number)).where(trials.c.study_id == study_id, trials.c.part == part)
        last = connection.execute(ours).scalar()
        following[part] = max(-1 if last is None else last, mirror.last_number(connection, shown[part])) + 1
    new, changes = [], []
    for each in found:
        number = following[each.part]
        following[each.part] += 1
        attributes = {names.get(name, name): value for name, value in json.loads(each.attributes).items()}
        new.append(
            mirror.NewTrial(
                shown[each.part], number, json.loads(each.config), json.loads(each.distributions), attributes
            )
        )
        changes.append({"the_id": each.id, "the_number": number})
    for change, optuna_id in zip(changes, mirror.enqueue(connection, new), strict=True):
        change["the_optuna_id"] = optuna_id
    if changes:
        put = (
            trials.update()
            .where(trials.c.id == sa.bindparam("the_id"))
            .values(
                state=READY,
                number=sa.bindparam("the_number"),
                optuna_id=sa.bindparam("the_optuna_id"),
                changed=stamp(connection, study_id),
            )
        )
        connection.execute(put, changes)
    return len(changes)


def allow(connection: sa.Connection, study_id: int, ids: Sequence[int], percent: int) -> None:
    """Let paused trials be trained to `percent`."""
    for some in _batches(ids):
        paused = trials.c.id.in_(some), trials.c.state == PAUSED
        further = (
            trials.update().where(*paused).values(state=READY, allowed=percent, changed=stamp(connection, study_id))
        )
        connection.execute(further)


def stop(connection: sa.Connection, study_id: int, ids: Sequence[int]) -> None:
    """Stop paused trials for good; they keep the scores and the curves they have."""
    for some in _batches(ids):
        paused = trials.c.id.in_(some), trials.c.state == PAUSED
        stopped = (
            trials.update()
            .where(*paused)
            .values(state=STOPPED, ended_at=now(connection), changed=stamp(connection, study_id))
        )
        found = connection.execute(stopped.returning(trials.c.optuna_id, trials.c.ended_at)).all()
        if found:
            mirror.ended(connection, [each.optuna_id for each in found], STOPPED, found[0].ended_at)


def again(connection: sa.Connection, study_id: int, ids: Sequence[int]) -> None:
    """Put failed trials into the queue again, from their beginning, as if they had not been tried."""
    for some in _batches(ids):
        failed = trials.c.id.in_(some), trials.c.state == FAILED
        anew = (
            trials.update()
            .where(*failed)
            .values(
                state=READY,
                reached=0,
                rungs="{}",
                outcome="{}",
                deaths=0,
                ended_at=None,
                holder=None,
                dead_holder=None,
                changed=stamp(connection, study_id),
            )
        )
        found = connection.execute(anew.returning(trials.c.optuna_id)).scalars().all()
        mirror.waiting(connection, found)


def _batches(ids: Sequence[int]) -> list[Sequence[int]]:
    """Return slices of `ids` that stay under every database's limit of bound variables."""
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
