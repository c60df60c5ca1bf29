"""A row of the queue as a value, and what anybody may read of the queue: no lease is needed to look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hpo.storage.errors import UserError
from hpo.storage.schema import CLAIMED, ENDED, PAUSED, PLANNED, READY, studies, trials
from hpo.storage.stamps import horizon

_LONGEST = 100


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


ROW = [trials.c[name] for name in TrialRow.__dataclass_fields__]
"""The columns that a TrialRow is made of."""

_STATES = (READY, CLAIMED, PAUSED, *ENDED)
_COUNTS = ("id", "number", "allowed", "reached", "on_the_way", "deaths", "lease")
_LATEST = 2**37
"""What a time is before, as Python knows no later ones."""


class DamagedRowError(UserError):
    """A row of the queue holds what this program does not write there."""


def trial_row(found: sa.Row[Any]) -> TrialRow:
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


def changed_since(connection: sa.Connection, study_id: int, since: int) -> tuple[int, list[TrialRow]]:
    """Return the rows that changed since the stamp `since`, and the one to ask with next; planned trials are none."""
    following = horizon(connection, study_id)
    if following <= since and not _has_changed(connection, study_id, since):
        return following, []
    query = sa.select(*ROW).where(trials.c.study_id == study_id, trials.c.changed >= since, trials.c.state != PLANNED)
    return following, [trial_row(found) for found in connection.execute(query)]


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
