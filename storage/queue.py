"""The queue: what a worker, a leader and a worker's parent may do to the rows of hpo_trials, each in one transaction.

A trial's life: planned -> ready -> claimed -> paused at a rung -> ready again, or stopped -> complete or failed. A
claim is a lease with a number that rises with every claim, and so is the lead of a study. Each write says the number
it was given, and where a higher one has been given since, nothing is written: whoever slept through that learns it.

What Optuna's tables show of a trial is written in the same transaction (storage.mirror).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from hpo.storage import mirror
from hpo.storage.errors import UserError
from hpo.storage.holders import LEASE_SECONDS, is_dead, name_of
from hpo.storage.records import Curve, save_curve, save_network_bytes
from hpo.storage.schema import CLAIMED, COMPLETE, ENDED, FAILED, PAUSED, PLANNED, READY, STOPPED, studies, trials
from hpo.storage.stamps import horizon, now, once, stamp

MAX_DEATHS = 3
"""After so many workers that died of it the trial, not the worker, is to blame (it eats the memory, say)."""

DONE = 100
"""The last rung, in percent."""

_BATCH, _LONGEST = 500, 100

_THE_STUDY: sa.BindParameter[int] = sa.bindparam("the_study", type_=sa.Integer)


class LostLeadError(Exception):
    """Another process leads the study by now; nothing was written."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A trial to be: `piece` says which piece of the study's work it is, and is there once."""

    piece: str
    part: str
    config: Mapping[str, Any]
    attributes: Mapping[str, Any]
    distributions: Mapping[str, str]
    allowed: int


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial as the queue has it. `claimed_at` and `ended_at` are seconds since 1970 by the database's clock."""

    id: int
    part: str
    piece: str
    number: int
    state: str
    config: Mapping[str, Any]
    attributes: Mapping[str, Any]
    allowed: int
    reached: int
    on_the_way: int
    rungs: Mapping[int, float]
    score: float | None
    outcome: Mapping[str, Any]
    deaths: int
    lease: int
    claimed_at: float | None
    ended_at: float | None
    optuna_id: int | None


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


_ROW = [trials.c[name] for name in TrialRow.__dataclass_fields__]


_STATES = (READY, CLAIMED, PAUSED, *ENDED)
_COUNTS = ("id", "number", "allowed", "reached", "on_the_way", "deaths", "lease")
_LATEST = 2**37
"""What a time is before, as Python knows no later ones."""


class DamagedRowError(UserError):
    """A row of the queue holds what this program does not write there."""


def _row(found: sa.Row[Any]) -> TrialRow:
    """Return a row as a value. Raises DamagedRowError where it is none: SQLite takes anything from anybody."""
    values = dict(found._mapping)
    for name, value in values.items():
        if not _fits(name, value):
            raise _damaged(values, name)
    for name in ("config", "attributes", "outcome", "rungs"):
        values[name] = _table(values, name)
    try:
        values["rungs"] = {int(rung): score for rung, score in values["rungs"].items()}
    except ValueError as error:
        raise _damaged(values, "rungs") from error
    if not all(_is_number(score) for score in values["rungs"].values()):
        raise _damaged(values, "rungs")
    return TrialRow(**values)


def _fits(name: str, value: object) -> bool:
    if name in _COUNTS:
        return isinstance(value, int) and value >= 0
    if name in ("claimed_at", "ended_at"):
        return value is None or (_is_number(value) and 0 <= float(str(value)) < _LATEST)
    if name == "part":
        return value in ("search", "final")
    if name == "state":
        return value in _STATES
    if name == "score":
        return value is None or _is_number(value)
    return name != "optuna_id" or value is None or isinstance(value, int)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _table(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    try:
        table = json.loads(values[name])
    except (ValueError, TypeError, RecursionError) as error:
        raise _damaged(values, name) from error
    if not isinstance(table, dict):
        raise _damaged(values, name)
    return table


def _damaged(values: Mapping[str, Any], name: str) -> DamagedRowError:
    text = " ".join(repr(values[name]).split())
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return DamagedRowError(f"the row of its trial with the database's id {values['id']!r} has {name} = {text}")


# What anybody may read


def changed_since(connection: sa.Connection, study_id: int, since: int) -> tuple[int, list[TrialRow]]:
    """Return the rows that changed since the stamp `since`, and the one to ask with next; planned trials are none."""
    following = horizon(connection, study_id)
    if following <= since and not _has_changed(connection, study_id, since):
        return following, []
    query = sa.select(*_ROW).where(trials.c.study_id == study_id, trials.c.changed >= since, trials.c.state != PLANNED)
    return following, [_row(found) for found in connection.execute(query)]


def _has_changed(connection: sa.Connection, study_id: int, since: int) -> bool:
    query = sa.select(trials.c.id).where(trials.c.study_id == study_id, trials.c.changed >= since).limit(1)
    return connection.execute(query).first() is not None


def look(connection: sa.Connection, study_id: int) -> tuple[str | None, bool]:
    """Return the state of the study, None where it is gone, and whether a worker would find something to claim."""
    ready = sa.exists().where(trials.c.study_id == study_id, trials.c.state == READY)
    found = connection.execute(sa.select(studies.c.state, ready).where(studies.c.id == study_id)).first()
    return (None, False) if found is None else (found[0], bool(found[1]))


def unfinished(connection: sa.Connection, ids: Sequence[int]) -> set[int]:
    """Return those of `ids` that have not ended."""
    query = sa.select(trials.c.id).where(trials.c.id.in_(ids), trials.c.state.not_in(ENDED))
    return set(connection.execute(query).scalars())


# What a worker does


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
    row = _row(found)
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
        .returning(*_ROW)
    )


def _first(which: sa.ColumnElement[bool], order: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """Return the first ready trial of that kind that no other transaction is just taking."""
    found = sa.select(trials.c.id).where(trials.c.study_id == _THE_STUDY, trials.c.state == READY, which)
    return found.order_by(order).limit(1).with_for_update(skip_locked=True).scalar_subquery()


def let_go(connection: sa.Connection, study_id: int, holder: str) -> None:
    """Return to the queue what `holder` has claimed without knowing it: the answer to its claim was lost."""
    forgotten = (trials.c.study_id == study_id, trials.c.state == CLAIMED, trials.c.holder == holder)
    _requeue(connection, study_id, *forgotten, holder=None)


def renew(connection: sa.Connection, claims: Mapping[int, int]) -> None:
    """Say for claims (lease number by trial) that their worker is alive, unless others have them by now."""
    until = now(connection) + LEASE_SECONDS
    for trial_id, lease in claims.items():
        connection.execute(trials.update().where(*_ours(trial_id, lease)).values(lease_until=until))


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
    written = trials.update().where(*_ours(row.id, row.lease))
    written = written.values(on_the_way=percent, changed=stamp(connection, study_id))
    found = connection.execute(written.returning(trials.c.optuna_id)).first()
    if found is not None:
        mirror.noted(connection, found.optuna_id, percent, score)
    return found is not None


def fail(connection: sa.Connection, study_id: int, row: TrialRow, reason: str) -> bool:
    """End a claimed trial as failed, for `reason`, and say whether the claim was still ours."""
    return bool(_fail(connection, study_id, _ours(row.id, row.lease), reason))


def give_back(connection: sa.Connection, study_id: int, row: TrialRow) -> bool:
    """Return a claimed trial to the queue as it was, and say whether the claim was still ours."""
    return bool(_requeue(connection, study_id, *_ours(row.id, row.lease), holder=None))


def _is_past(until: sa.ColumnElement[Any], moment: sa.ColumnElement[float]) -> sa.ColumnElement[bool]:
    """Say whether a lease has expired, as an expression; what is no number in SQLite is long ago."""
    return sa.cast(until, sa.Double) < moment


def _ours(trial_id: int, lease: int) -> tuple[sa.ColumnElement[bool], ...]:
    return trials.c.id == trial_id, trials.c.lease == lease, trials.c.state == CLAIMED


def _requeue(connection: sa.Connection, study_id: int, *which: sa.ColumnElement[bool], **values: Any) -> list[int]:
    """Return these claimed trials to the queue, with their config, their seed and what they have reached."""
    ready = (
        trials.update()
        .where(*which)
        .values(state=READY, lease_until=None, on_the_way=0, changed=stamp(connection, study_id), **values)
    )
    found = connection.execute(ready.returning(trials.c.number, trials.c.optuna_id)).all()
    mirror.waiting(connection, [each.optuna_id for each in found])
    return [each.number for each in found]


def _fail(
    connection: sa.Connection, study_id: int, which: Sequence[sa.ColumnElement[bool]], reason: str, **values: Any
) -> list[int]:
    query = sa.select(trials.c.id, trials.c.outcome).where(*which).with_for_update()
    failed = []
    for found in connection.execute(query).all():
        ended = (
            trials.update()
            .where(trials.c.id == found.id)
            .values(
                state=FAILED,
                lease_until=None,
                outcome=json.dumps({**json.loads(found.outcome), "reason": reason}),
                ended_at=now(connection),
                changed=stamp(connection, study_id),
                **values,
            )
        )
        row = connection.execute(ended.returning(trials.c.number, trials.c.optuna_id, trials.c.ended_at)).one()
        mirror.ended(connection, [row.optuna_id], FAILED, row.ended_at, {"reason": reason})
        failed.append(row.number)
    return failed


# What whoever finds a worker dead does


def reap(connection: sa.Connection, study_id: int) -> list[int]:
    """Return the trials of dead workers to the queue, and give their numbers; nobody is to blame for that.

    The dead one stays written down, so that a parent that saw it die may blame the trial later.
    """
    claimed = trials.c.study_id == study_id, trials.c.state == CLAIMED
    query = sa.select(
        trials.c.id, trials.c.lease, trials.c.holder, _is_past(trials.c.lease_until, now(connection)).label("late")
    )
    freed = []
    for found in connection.execute(query.where(*claimed)).all():
        if found.late or is_dead(found.holder or ""):
            still = () if is_dead(found.holder or "") else (_is_past(trials.c.lease_until, now(connection)),)
            its = (*_ours(found.id, found.lease), *still)
            freed += _requeue(connection, study_id, *its, dead_holder=trials.c.holder, holder=None)
    return freed


def anyone_dead(connection: sa.Connection, study_id: int) -> bool:
    """Say whether `reap` would find somebody; this only reads."""
    query = sa.select(trials.c.holder, _is_past(trials.c.lease_until, now(connection)).label("late"))
    found = connection.execute(query.where(trials.c.study_id == study_id, trials.c.state == CLAIMED)).all()
    return any(each.late or is_dead(each.holder or "") for each in found)


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
            _fail(connection, study_id, (this_one,), reason, deaths=deaths)
        elif elsewhere:
            connection.execute(trials.update().where(this_one).values(deaths=deaths, dead_holder=None))
        else:
            _requeue(connection, study_id, this_one, deaths=deaths, holder=None, dead_holder=None)
        buried.append((found.number, failed))
    return buried


# What a leader does


def take_lead(connection: sa.Connection, study_id: int, holder: str) -> int | None:
    """Take the lead of a study if nobody alive has it, and return the number of the lease; None if somebody has it."""
    query = sa.select(studies.c.leader, _is_past(studies.c.leader_until, now(connection)).label("late"))
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
    query = sa.select(studies.c.leader, (~_is_past(studies.c.leader_until, now(connection))).label("timely"))
    found = connection.execute(query.where(studies.c.id == study_id)).first()
    return found is not None and found.leader is not None and found.timely and not is_dead(found.leader)


def is_worked_on(connection: sa.Connection, study_id: int) -> bool:
    """Say whether somebody alive trains a trial of the study."""
    query = sa.select(trials.c.holder, (~_is_past(trials.c.lease_until, now(connection))).label("timely"))
    found = connection.execute(query.where(trials.c.study_id == study_id, trials.c.state == CLAIMED)).all()
    return any(each.timely and not is_dead(each.holder or "") for each in found)


def hold(connection: sa.Connection, study_id: int) -> None:
    """Let nobody take the lead of the study, or change it, until this transaction is over."""
    connection.execute(sa.select(studies.c.id).where(studies.c.id == study_id).with_for_update())


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


def _batches(ids: Sequence[int]) -> list[Sequence[int]]:
    """Return slices of `ids` that stay under every database's limit of bound variables."""
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
