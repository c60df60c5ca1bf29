"""Optuna's own tables, where its interface takes many steps and a study must be made, renamed or deleted in one.

Whatever is called here happens as a whole or not at all, however the process ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from optuna.storages._rdb import models
from optuna.study import StudyDirection
from optuna.trial import TrialState

from hpo.storage.schema import curves, leases, networks, test_openings, uploads

METADATA: sa.MetaData = models.BaseModel.metadata
STUDIES, TRIALS = METADATA.tables["studies"], METADATA.tables["trials"]
DIRECTIONS = METADATA.tables["study_directions"]
USER, SYSTEM = METADATA.tables["study_user_attributes"], METADATA.tables["study_system_attributes"]

DELETED = " (deleted)"
"""What the ledger's name of a study ends in once the study is gone: that the test set was opened stays true."""


@dataclass(frozen=True)
class NewStudy:
    """An Optuna study to be: its name and its attributes."""

    name: str
    attributes: Mapping[str, Any]
    system: Mapping[str, Any] = field(default_factory=dict)


def create(engine: sa.Engine, studies: Iterable[NewStudy]) -> None:
    """Make all of `studies`, which maximize their value, or none. Raises IntegrityError where a name is taken."""
    with engine.begin() as connection:
        _forget_the_deleted(connection)
        for each in studies:
            made = connection.execute(STUDIES.insert().values(study_name=each.name)).inserted_primary_key
            study_id = made[0] if made else None
            connection.execute(
                DIRECTIONS.insert().values(study_id=study_id, direction=StudyDirection.MAXIMIZE, objective=0)
            )
            for table, attributes in ((USER, each.attributes), (SYSTEM, each.system)):
                rows = [{"study_id": study_id, "key": k, "value_json": json.dumps(v)} for k, v in attributes.items()]
                if rows:
                    connection.execute(table.insert(), rows)


def with_attribute(engine: sa.Engine, key: str, value: str | None = None) -> dict[str, Any]:
    """Return, by its name, what the user attribute `key` says of each study that has it; only those with `value`.

    Older studies come first.
    """
    query = sa.select(STUDIES.c.study_name, USER.c.value_json).join(USER, USER.c.study_id == STUDIES.c.study_id)
    query = query.where(USER.c.key == key).order_by(STUDIES.c.study_id)
    with engine.begin() as connection:
        rows = connection.execute(query).all()
    found = {row.study_name: _loaded(row.value_json) for row in rows}
    return {name: each for name, each in found.items() if value is None or each == value}


def count_trials(engine: sa.Engine, studies: Sequence[str]) -> int:
    """Return how many trials these studies have."""
    query = sa.select(sa.func.count()).select_from(TRIALS.join(STUDIES)).where(STUDIES.c.study_name.in_(studies))
    with engine.begin() as connection:
        return int(connection.execute(query).scalar_one())


def running(engine: sa.Engine, studies: Sequence[str]) -> list[int]:
    """Return the ids of the trials of these studies that a worker has, or had when it died."""
    query = sa.select(TRIALS.c.trial_id).select_from(TRIALS.join(STUDIES)).where(STUDIES.c.study_name.in_(studies))
    with engine.begin() as connection:
        return list(connection.execute(query.where(TRIALS.c.state == TrialState.RUNNING)).scalars())


def set_attributes(engine: sa.Engine, study: str, attributes: Mapping[str, Any]) -> None:
    """Set these user attributes of a study, all or none."""
    with engine.begin() as connection:
        _set(connection, study, attributes)


def _set(connection: sa.Connection, study: str, attributes: Mapping[str, Any]) -> None:
    study_id = connection.execute(sa.select(STUDIES.c.study_id).where(STUDIES.c.study_name == study)).scalar_one()
    for key, value in attributes.items():
        here = (USER.c.study_id == study_id) & (USER.c.key == key)
        connection.execute(USER.delete().where(here))
        connection.execute(USER.insert().values(study_id=study_id, key=key, value_json=json.dumps(value)))


def rename(engine: sa.Engine, new_names: Mapping[str, str], attributes: Mapping[str, Mapping[str, Any]]) -> None:
    """Rename studies, old name to new, and set `attributes` of each by its new name; the ledger follows."""
    with engine.begin() as connection:
        for old, new in new_names.items():
            connection.execute(STUDIES.update().where(STUDIES.c.study_name == old).values(study_name=new))
            connection.execute(test_openings.update().where(test_openings.c.study == old).values(study=new))
        for name, values in attributes.items():
            _set(connection, name, values)


def delete(engine: sa.Engine, doomed: Sequence[str], lease_names: Sequence[str]) -> None:
    """Delete the studies of these names with all that is known of their trials, and these leases.

    Files that were uploaded to them go, too. What the ledger says of the test set stays, under a name that says so.
    """
    with engine.begin() as connection:
        ids = list(connection.execute(sa.select(STUDIES.c.study_id).where(STUDIES.c.study_name.in_(doomed))).scalars())
        trials = sa.select(TRIALS.c.trial_id).where(TRIALS.c.study_id.in_(ids))
        connection.execute(uploads.delete().where(uploads.c.artifact_id.in_(_uploaded(connection, ids))))
        numbers = connection.execute(trials).scalars().all()
        connection.execute(leases.delete().where(leases.c.name.in_([*lease_names])))
        for start in range(0, len(numbers), 500):
            some = [f"trial/{number}" for number in numbers[start : start + 500]]
            connection.execute(leases.delete().where(leases.c.name.in_(some)))
        for table in reversed(METADATA.sorted_tables):
            if "trial_id" in table.c and table is not TRIALS:
                connection.execute(table.delete().where(table.c.trial_id.in_(trials)))
        for table in reversed(METADATA.sorted_tables):
            if "study_id" in table.c:
                connection.execute(table.delete().where(table.c.study_id.in_(ids)))
        _forget_the_deleted(connection)


def _uploaded(connection: sa.Connection, ids: Sequence[int]) -> list[str]:
    """Return the ids of the files that the dashboard lists for these studies and their trials."""
    query = sa.select(SYSTEM.c.value_json).where(SYSTEM.c.study_id.in_(ids)).where(SYSTEM.c.key.contains("artifacts:"))
    metas = [_loaded(text) for text in connection.execute(query).scalars()]
    metas = [_loaded(meta) if isinstance(meta, str) else meta for meta in metas]  # they are JSON in JSON
    return [str(meta["artifact_id"]) for meta in metas if isinstance(meta, dict) and "artifact_id" in meta]


def _forget_the_deleted(connection: sa.Connection) -> None:
    """Remove what is ours of trials that are gone: a database may give their ids to others."""
    there = sa.select(TRIALS.c.trial_id)
    for table in (curves, networks):
        connection.execute(table.delete().where(table.c.trial_id.not_in(there)))
    gone = test_openings.c.trial_id.not_in(there) & ~test_openings.c.study.endswith(DELETED)
    connection.execute(test_openings.update().where(gone).values(study=test_openings.c.study + DELETED))


def _loaded(text: str) -> Any:
    """Return what a JSON text says; None for what is no JSON: anybody may have written there."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
