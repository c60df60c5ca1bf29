"""Whether Optuna's tables show what is true, and making them do so where somebody changed something there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hpo.storage import mirror, optuna_studies
from hpo.storage.optuna_studies import NewStudy
from hpo.storage.schema import PLANNED, studies, trials
from hpo.storage.stamps import stamp
from hpo.storage.studies import StudyRow, show, still_shown

_COLUMNS = ("id", "part", "number", "state", "config", "attributes", "distributions", "rungs", "score", "outcome")
_TIMES = ("claimed_at", "ended_at", "optuna_id")
_BATCH = 500


def is_shown(connection: sa.Connection, row: StudyRow, parts: Iterable[str]) -> bool:
    """Say whether Optuna's studies that show these parts are there: anybody may delete them, or make others."""
    return not _lost(connection, row, parts)


def _lost(connection: sa.Connection, row: StudyRow, parts: Iterable[str]) -> list[str]:
    """Return those of `parts` that no study shows which has the key of this one."""
    found = still_shown(connection, row)
    return [part for part in parts if part not in found]


def differences(connection: sa.Connection, row: StudyRow, names: Mapping[str, str] | None = None) -> list[str]:
    """Return a sentence for each difference between this study's trials and what Optuna shows of them.

    `names` are what attributes are called there.
    """
    lost = _lost(connection, row, row.shown)
    found = [f"the {part} part is not shown" for part in lost]
    for each in _ours(connection, row):
        if each.part not in lost:
            found += [
                f"trial {each.number} of the {each.part} part: {what}" for what in _wrong(connection, each, names)
            ]
    return found


def repair(connection: sa.Connection, row: StudyRow, new: Mapping[str, NewStudy], names: Mapping[str, str]) -> StudyRow:
    """Show again what is missing of a study, or different, and return its row.

    `new` are the studies that show its parts, where they must be made anew; `names` what attributes are called there.
    """
    shown = dict(row.shown)
    for part in _lost(connection, row, new):
        shown[part] = show(connection, new[part], row.key)
    numbers = {f"{part}_id": number for part, number in shown.items()}
    if shown != row.shown:
        connection.execute(studies.update().where(studies.c.id == row.id).values(**numbers))
    wrong = [each for each in _ours(connection, row) if not _is_right(each, shown)]
    for start in range(0, len(wrong), _BATCH):
        some = wrong[start : start + _BATCH]
        _forget(connection, [each.optuna_id for each in some if each.shown_in == shown[each.part]])
        made = mirror.enqueue(connection, [_anew(each, shown[each.part], names) for each in some])
        moved = [{"the_id": each.id, "the_optuna_id": number} for each, number in zip(some, made, strict=True)]
        changed = trials.update().where(trials.c.id == sa.bindparam("the_id"))
        changed = changed.values(optuna_id=sa.bindparam("the_optuna_id"), changed=stamp(connection, row.id))
        connection.execute(changed, moved)
    return StudyRow(**{**{name: getattr(row, name) for name in StudyRow.__dataclass_fields__}, **numbers})


def _ours(connection: sa.Connection, row: StudyRow) -> Sequence[Any]:
    """Return our trials that are in the queue, each with what Optuna has of it: its study, its number, its state."""
    theirs = mirror.TRIALS
    query = sa.select(
        *(trials.c[name] for name in (*_COLUMNS, *_TIMES)),
        theirs.c.study_id.label("shown_in"),
        theirs.c.number.label("shown_number"),
        sa.type_coerce(theirs.c.state, sa.String).label("shown_state"),  # anybody may have written another one
    ).outerjoin(theirs, theirs.c.trial_id == trials.c.optuna_id)
    query = query.where(trials.c.study_id == row.id, trials.c.state != PLANNED).order_by(trials.c.part, trials.c.number)
    return connection.execute(query).all()


def _is_right(each: sa.Row[Any], shown: Mapping[str, int]) -> bool:
    expected = shown[each.part], each.number, mirror.STATES[each.state].name
    return (each.shown_in, each.shown_number, each.shown_state) == expected


def _wrong(connection: sa.Connection, each: sa.Row[Any], names: Mapping[str, str] | None) -> list[str]:
    if each.shown_in is None:
        return ["is not shown"]
    found = []
    state = mirror.STATES[each.state].name
    if (each.shown_number, each.shown_state) != (each.number, state):
        found.append(f"is shown as {each.shown_number}, {each.shown_state}; it is {each.number}, {state}")
    values, rungs = mirror.VALUES, mirror.ON_THE_RUNGS
    score = connection.execute(sa.select(values.c.value).where(values.c.trial_id == each.optuna_id)).scalar()
    if score != each.score:
        found.append(f"is shown with the value {score}; it has {each.score}")
    steps = sa.select(rungs.c.step, rungs.c.intermediate_value).where(rungs.c.trial_id == each.optuna_id)
    there = {row.step: row.intermediate_value for row in connection.execute(steps)}
    found += [
        f"is shown with {there.get(int(rung))} at {rung} %; it has {value}"
        for rung, value in json.loads(each.rungs).items()
        if there.get(int(rung)) != value
    ]
    query = sa.select(mirror.USER.c.key, mirror.USER.c.value_json).where(mirror.USER.c.trial_id == each.optuna_id)
    attributes = {key: optuna_studies.loaded(text) for key, text in connection.execute(query)}
    for name, value in {**json.loads(each.attributes), **json.loads(each.outcome)}.items():
        shown = (names or {}).get(name, name)
        if names is not None and attributes.get(shown) != value:
            found.append(f"is shown with {shown} = {attributes.get(shown)}; it has {value}")
    return found


def _forget(connection: sa.Connection, optuna_ids: Sequence[int]) -> None:
    """Delete Optuna's trials that show something else than they should."""
    for table in reversed(optuna_studies.METADATA.sorted_tables):
        if "trial_id" in table.c:
            connection.execute(table.delete().where(table.c.trial_id.in_(optuna_ids)))


def _anew(each: sa.Row[Any], study_id: int, names: Mapping[str, str]) -> mirror.NewTrial:
    attributes = {**json.loads(each.attributes), **json.loads(each.outcome)}
    return mirror.NewTrial(
        study_id,
        each.number,
        json.loads(each.config),
        json.loads(each.distributions),
        {names.get(name, name): value for name, value in attributes.items()},
        state=each.state,
        rungs={int(rung): score for rung, score in json.loads(each.rungs).items()},
        score=each.score,
        started=each.claimed_at,
        ended=each.ended_at,
    )
