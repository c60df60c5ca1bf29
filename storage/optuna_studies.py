"""Optuna's own tables of studies: those that show ours are made, renamed and deleted here, in our transactions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from optuna.storages._rdb import models
from optuna.study import StudyDirection

from hpo.storage.schema import uploads

METADATA: sa.MetaData = models.BaseModel.metadata
STUDIES, TRIALS = METADATA.tables["studies"], METADATA.tables["trials"]
DIRECTIONS = METADATA.tables["study_directions"]
USER, SYSTEM = METADATA.tables["study_user_attributes"], METADATA.tables["study_system_attributes"]

KEY = "key"
"""The user attribute by which a study is known to show one of ours, however it is called."""


@dataclass(frozen=True)
class NewStudy:
    """An Optuna study to be: its name, its attributes, and which values are better: "maximize" or "minimize"."""

    name: str
    attributes: Mapping[str, Any]
    system: Mapping[str, Any] = field(default_factory=dict)
    direction: str = "maximize"


def create(connection: sa.Connection, new: NewStudy) -> int:
    """Make a study, and return its number. Raises IntegrityError where the name is taken."""
    made = connection.execute(STUDIES.insert().values(study_name=new.name).returning(STUDIES.c.study_id))
    study_id = int(made.scalar_one())
    direction = StudyDirection[new.direction.upper()]
    connection.execute(DIRECTIONS.insert().values(study_id=study_id, direction=direction, objective=0))
    for table, attributes in ((USER, new.attributes), (SYSTEM, new.system)):
        rows = [{"study_id": study_id, "key": key, "value_json": json.dumps(v)} for key, v in attributes.items()]
        if rows:
            connection.execute(table.insert(), rows)
    return study_id


def free_name(connection: sa.Connection, wanted: str) -> str:
    """Return `wanted`, or where a study has that name already, one with a number."""
    taken = set(connection.execute(sa.select(STUDIES.c.study_name)).scalars())
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (wanted, *numbered) if name not in taken)


def names(connection: sa.Connection) -> dict[int, str]:
    """Return the name of every study, by its number."""
    rows = connection.execute(sa.select(STUDIES.c.study_id, STUDIES.c.study_name))
    return {row.study_id: row.study_name for row in rows}


def named(connection: sa.Connection, name: str) -> int | None:
    """Return the number of the study with this name, whoever made it; None where there is none."""
    found = connection.execute(sa.select(STUDIES.c.study_id).where(STUDIES.c.study_name == name)).scalar()
    return None if found is None else int(found)


def keys(connection: sa.Connection, study_ids: Sequence[int | None]) -> dict[int, Any]:
    """Return the key of each of these studies that is there."""
    query = sa.select(STUDIES.c.study_id, USER.c.value_json).outerjoin(
        USER, (USER.c.study_id == STUDIES.c.study_id) & (USER.c.key == KEY)
    )
    rows = connection.execute(query.where(STUDIES.c.study_id.in_(study_ids)))
    return {row.study_id: loaded(row.value_json) for row in rows}


def count_trials(connection: sa.Connection, study_ids: Sequence[int | None]) -> int:
    """Return how many trials these studies have."""
    query = sa.select(sa.func.count()).select_from(TRIALS).where(TRIALS.c.study_id.in_(study_ids))
    return int(connection.execute(query).scalar_one())


def set_attributes(connection: sa.Connection, study_id: int | None, attributes: Mapping[str, Any]) -> None:
    """Set these user attributes of a study, where it is there."""
    if connection.execute(sa.select(STUDIES.c.study_id).where(STUDIES.c.study_id == study_id)).first() is None:
        return
    rows = [{"study_id": study_id, "key": key, "value_json": json.dumps(v)} for key, v in attributes.items()]
    connection.execute(USER.delete().where(USER.c.study_id == study_id, USER.c.key.in_(list(attributes))))
    connection.execute(USER.insert(), rows)


def rename(connection: sa.Connection, study_id: int | None, name: str) -> None:
    """Rename a study, where it is there."""
    connection.execute(STUDIES.update().where(STUDIES.c.study_id == study_id).values(study_name=name))


def delete(connection: sa.Connection, study_ids: Sequence[int | None]) -> None:
    """Delete these studies with their trials, and the files that were uploaded to them."""
    trials = sa.select(TRIALS.c.trial_id).where(TRIALS.c.study_id.in_(study_ids))
    connection.execute(uploads.delete().where(uploads.c.artifact_id.in_(_uploaded(connection, study_ids))))
    for table in reversed(METADATA.sorted_tables):
        if "trial_id" in table.c and table is not TRIALS:
            connection.execute(table.delete().where(table.c.trial_id.in_(trials)))
    for table in reversed(METADATA.sorted_tables):
        if "study_id" in table.c:
            connection.execute(table.delete().where(table.c.study_id.in_(study_ids)))


def _uploaded(connection: sa.Connection, ids: Sequence[int | None]) -> list[str]:
    """Return the ids of the files that the dashboard lists for these studies and their trials."""
    query = sa.select(SYSTEM.c.value_json).where(SYSTEM.c.study_id.in_(ids)).where(SYSTEM.c.key.contains("artifacts:"))
    metas = [loaded(text) for text in connection.execute(query).scalars()]
    metas = [loaded(meta) if isinstance(meta, str) else meta for meta in metas]  # they are JSON in JSON
    return [str(meta["artifact_id"]) for meta in metas if isinstance(meta, dict) and "artifact_id" in meta]


def loaded(text: str | None) -> Any:
    """Return what a JSON text says; None for what is no JSON: anybody may have written there."""
    try:
        return json.loads(text or "")
    except (ValueError, TypeError, RecursionError):
        return None
