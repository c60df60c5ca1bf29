"""The rows of hpo_studies and hpo_rounds: what is recorded of a study or a certificate beside its trials.

With each change goes what Optuna's tables show of it, in the same transaction.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from hpo.storage import optuna_studies
from hpo.storage.optuna_studies import NewStudy
from hpo.storage.schema import curves, networks, rounds, studies, test_evaluations, trials

RUNNING, DONE = "running", "done"
SEARCH, FINAL = "search", "final"
"""The parts of a study, each shown by an Optuna study of its own. A certificate has one."""

DELETED = " (deleted)"
"""What the ledger's name of a study ends in once the study is gone: that the test set was opened stays true."""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study, or a certificate: then `certificate_of` names its study. `definition` and `record` are JSON texts."""

    id: int
    name: str
    certificate_of: str | None
    definition: str
    record: str
    state: str
    key: str
    search_id: int | None
    final_id: int | None

    @property
    def shown(self) -> dict[str, int]:
        """Optuna's numbers of the studies that show its parts."""
        parts = {SEARCH: self.search_id, FINAL: self.final_id}
        return {part: number for part, number in parts.items() if number is not None}


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round that was opened; `box` and `why` are JSON texts."""

    number: int
    box: str
    why: str
    trials: int


_ROW = [studies.c[name] for name in StudyRow.__dataclass_fields__]


def create(
    connection: sa.Connection,
    name: str,
    *,
    definition: Mapping[str, Any],
    record: Mapping[str, Any],
    parts: Mapping[str, NewStudy],
    certificate_of: str | None = None,
) -> None:
    """Make a study with Optuna's studies that show its `parts`. Raises IntegrityError where its name is taken."""
    key = uuid.uuid4().hex
    made = connection.execute(
        studies.insert()
        .values(
            name=name,
            certificate_of=certificate_of,
            definition=json.dumps(definition),
            record=json.dumps(record),
            state=RUNNING,
            key=key,
        )
        .returning(studies.c.id)
    ).scalar_one()
    numbers = {f"{part}_id": show(connection, new, key) for part, new in parts.items()}
    connection.execute(studies.update().where(studies.c.id == made).values(**numbers))


def show(connection: sa.Connection, new: NewStudy, key: str) -> int:
    """Make an Optuna study that shows a part of the study with this key, under a free name; return its number."""
    name = optuna_studies.free_name(connection, new.name)
    attributes = {**new.attributes, optuna_studies.KEY: key}
    return optuna_studies.create(connection, replace(new, name=name, attributes=attributes))


def named(connection: sa.Connection, name: str) -> StudyRow | None:
    """Return the study, or the certificate, called so."""
    return _one(connection, studies.c.name == name)


def certificate_of(connection: sa.Connection, study: str) -> StudyRow | None:
    """Return the certificate of the study called so; it may be there before its study."""
    return _one(connection, studies.c.certificate_of == study)


def shown_by(connection: sa.Connection, optuna_id: int) -> StudyRow | None:
    """Return whose part the Optuna study with this number shows."""
    row = _one(connection, (studies.c.search_id == optuna_id) | (studies.c.final_id == optuna_id))
    return row if row is not None and optuna_id in still_shown(connection, row).values() else None


def still_shown(connection: sa.Connection, row: StudyRow) -> dict[str, int]:
    """Return Optuna's numbers of the studies that show its parts, as far as they are there.

    Anybody may delete one, and SQLite gives its number to the next one that somebody makes.
    """
    found = optuna_studies.keys(connection, list(row.shown.values()))
    return {part: number for part, number in row.shown.items() if found.get(number) == row.key}


def everything(connection: sa.Connection) -> list[StudyRow]:
    """Return all of them, the oldest first."""
    return [StudyRow(**row._mapping) for row in connection.execute(sa.select(*_ROW).order_by(studies.c.id))]


def _one(connection: sa.Connection, which: sa.ColumnElement[bool]) -> StudyRow | None:
    found = connection.execute(sa.select(*_ROW).where(which)).first()
    return None if found is None else StudyRow(**found._mapping)


def rounds_of(connection: sa.Connection, study_id: int) -> list[RoundRow]:
    """Return the rounds opened so far, in their order."""
    query = sa.select(rounds.c.number, rounds.c.box, rounds.c.why, rounds.c.trials)
    query = query.where(rounds.c.study_id == study_id).order_by(rounds.c.number)
    return [RoundRow(*row) for row in connection.execute(query)]


def open_round(connection: sa.Connection, row: StudyRow, opened: RoundRow) -> None:
    """Write down a round. Raises IntegrityError where it is there already."""
    connection.execute(
        rounds.insert().values(
            study_id=row.id, number=opened.number, box=opened.box, why=opened.why, trials=opened.trials
        )
    )
    shown = {"box": json.loads(opened.box), "why": json.loads(opened.why)}
    optuna_studies.set_attributes(
        connection, still_shown(connection, row).get(SEARCH), {f"round {opened.number}": shown}
    )


def change(
    connection: sa.Connection,
    row: StudyRow,
    *,
    definition: Mapping[str, Any] | None = None,
    record: Mapping[str, Any] | None = None,
    state: str | None = None,
) -> None:
    """Write what is given of a study in place of what it had."""
    values: dict[str, Any] = {"state": state, "definition": definition, "record": record}
    values = {name: value for name, value in values.items() if value is not None}
    texts = {name: value if name == "state" else json.dumps(value) for name, value in values.items()}
    connection.execute(studies.update().where(studies.c.id == row.id).values(**texts))
    shown = {**(record or {}), **{name: value for name, value in values.items() if name != "record"}}
    optuna_studies.set_attributes(connection, still_shown(connection, row).get(SEARCH), shown)


def rename(connection: sa.Connection, row: StudyRow, new: str, certificate_of: str | None = None) -> None:
    """Rename a study, or a certificate and with it its study; the ledger follows."""
    changed: dict[str, Any] = {"name": new}
    if certificate_of is not None:
        changed["certificate_of"] = certificate_of
    connection.execute(studies.update().where(studies.c.id == row.id).values(**changed))
    connection.execute(test_evaluations.update().where(test_evaluations.c.study == row.name).values(study=new))


def delete(connection: sa.Connection, row: StudyRow) -> None:
    """Delete a study with all that is known of its trials, and what Optuna shows of it.

    What the ledger says of the test set stays, under a name that says so.
    """
    shown = list(still_shown(connection, row).values())
    ids = sa.select(trials.c.id).where(trials.c.study_id == row.id)
    for table in (curves, networks):
        connection.execute(table.delete().where(table.c.trial_id.in_(ids)))
    gone = test_evaluations.c.study == row.name
    connection.execute(test_evaluations.update().where(gone).values(study=row.name + DELETED))
    connection.execute(trials.delete().where(trials.c.study_id == row.id))
    connection.execute(rounds.delete().where(rounds.c.study_id == row.id))
    connection.execute(studies.delete().where(studies.c.id == row.id))
    optuna_studies.delete(connection, shown)


def count_trials(connection: sa.Connection, row: StudyRow) -> int:
    """Return how many trials of a study were put into the queue."""
    query = sa.select(sa.func.count()).select_from(trials)
    query = query.where(trials.c.study_id == row.id, trials.c.number.is_not(None))
    return int(connection.execute(query).scalar_one())
