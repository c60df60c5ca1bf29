"""Writes what a database of version 1 says of our studies into the tables of version 2.

A study is read as a whole before anything of it is written. What one of them has that makes no sense hides no other:
its row says so, and whoever asks for it is told.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from optuna.trial import TrialState

from hpo.storage import optuna_studies
from hpo.storage.migration.version_1 import (
    CERTIFICATE_OF,
    DEFINITION,
    DONE,
    FINAL_PART_OF,
    KEY,
    STATE,
    TRIAL_ATTRIBUTES,
    TRIALS,
    OldStudy,
    final_part,
    read_trials,
)
from hpo.storage.migration.version_1_trials import (
    FINAL,
    SEARCH,
    Round,
    planned,
    rows_of,
    rungs_of,
    twins,
    wanted_by,
    wanted_in,
)
from hpo.storage.optuna_studies import NewStudy
from hpo.storage.schema import PAUSED, READY, rounds, studies, trials
from hpo.storage.stamps import stamp

_BATCH = 500
_DAMAGE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, AssertionError, RecursionError)
_ROUND = re.compile(r"round [1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is known of a study: rows of its trials without the study's own number.

    `twins` are Optuna's numbers of trials that are there twice, and have not ended.
    """

    record: Any
    state: str
    rounds: Sequence[Round] = ()
    trials: Sequence[Mapping[str, Any]] = ()
    twins: Sequence[int] = ()


def bring(connection: sa.Connection, everything: Sequence[OldStudy], *, worked_on: bool) -> dict[int, str]:
    """Write those of `everything` that are ours; return, by Optuna's number, whose part each of its studies shows.

    `worked_on` says that trials which a worker had may be in its hands still.
    """
    shows: dict[int, str] = {}
    keys: set[str] = set()
    certified: set[Any] = set()
    for old in everything:
        if not old.is_ours:
            continue
        of = old.get(CERTIFICATE_OF)
        if of is not None and (not isinstance(of, str) or of in certified):
            continue  # the oldest one of a study was its certificate
        certified.add(of)
        part = None if of is not None else final_part(everything, old)
        try:
            whole = _read(connection, old, part, of, worked_on=worked_on)
        except _DAMAGE as error:
            whole = Whole(f"damaged: {type(error).__name__}: {error}", _state(old))
        key = old.get(KEY)
        if not isinstance(key, str) or not 0 < len(key) <= 64 or key in keys:
            key = uuid.uuid4().hex
        keys.add(key)
        final_id = None if of is not None else _shown_final(connection, old, part)
        row_id = connection.execute(
            studies.insert()
            .values(
                name=old.name,
                certificate_of=of,
                definition=old.texts[DEFINITION],
                record=json.dumps(whole.record),
                state=whole.state,
                key=key,
                search_id=old.id,
                final_id=final_id,
            )
            .returning(studies.c.id)
        ).scalar_one()
        for shown in (old.id, final_id):
            if shown is not None:
                optuna_studies.set_attributes(connection, shown, {KEY: key})
                shows[shown] = old.name
        _write(connection, row_id, whole)
    return shows


def _shown_final(connection: sa.Connection, old: OldStudy, part: OldStudy | None) -> int:
    """Return Optuna's number of the final part of a study; where somebody deleted it, of a new one."""
    if part is not None:
        return part.id
    name = optuna_studies.free_name(connection, f"{old.name}-final")
    system = {"study:metric_names": ["validation accuracy"]}
    return optuna_studies.create(connection, NewStudy(name, {FINAL_PART_OF: old.name}, system))


def _state(old: OldStudy) -> str:
    return "done" if old.get(STATE) == "done" else "running"


def _read(
    connection: sa.Connection, old: OldStudy, part: OldStudy | None, certificate_of: str | None, *, worked_on: bool
) -> Whole:
    attributes = {key: json.loads(text) for key, text in old.texts.items()}
    apart = (DEFINITION, STATE, KEY, CERTIFICATE_OF)
    record = {key: value for key, value in attributes.items() if key not in apart and not _ROUND.fullmatch(key)}
    definition = attributes[DEFINITION]
    if certificate_of is not None:
        found = read_trials(connection, old.id, ("stage", "size", "index", "run"))
        rows = list(rows_of(found, SEARCH, (DONE,), worked_on=worked_on))
        if found:
            rows += planned(found[0], found, wanted_by(definition, record["plan"]), DONE)
        return Whole(record, _state(old), (), rows, twins(found))
    searched = [each for each in read_trials(connection, old.id, ("round", "index")) if "stage" not in each.attributes]
    opened = list(_rounds(attributes))
    rungs = rungs_of(definition)
    rows = list(rows_of(searched, SEARCH, rungs, worked_on=worked_on))
    if opened and searched:
        wanted = wanted_in(definition, opened[-1], record["data"]["pool"])
        rows += planned(searched[0], searched, wanted, rungs[0])
    elif opened:  # the first round was written down and nothing more: it is opened anew, and is the same one
        opened.pop()
    if part is None:  # it has to be found again
        return Whole(record, "running", opened, rows, twins(searched))
    final = read_trials(connection, part.id, ("stage", "source", "run"))
    rows += rows_of(final, FINAL, (DONE,), worked_on=worked_on)
    return Whole(record, _state(old), opened, rows, [*twins(searched), *twins(final)])


def _rounds(attributes: Mapping[str, Any]) -> Iterator[Round]:
    number = 1
    while f"round {number}" in attributes:
        told = attributes[f"round {number}"]
        yield Round(number, told["box"], told["why"], told["configs"])
        number += 1


def _write(connection: sa.Connection, study_id: int, whole: Whole) -> None:
    if whole.rounds:
        connection.execute(
            rounds.insert(),
            [
                {
                    "study_id": study_id,
                    "number": each.number,
                    "box": json.dumps(each.box),
                    "why": json.dumps(each.why),
                    "trials": len(each.configs),
                }
                for each in whole.rounds
            ],
        )
    known = [row for row in whole.trials if "id" in row]
    to_come = [row for row in whole.trials if "id" not in row]
    insert = trials.insert().values(study_id=study_id, changed=stamp(connection, study_id))
    for rows in (known, to_come):
        for start in range(0, len(rows), _BATCH):
            connection.execute(insert, rows[start : start + _BATCH])
    _show_as_waiting(connection, [row["id"] for row in known if row["state"] in (READY, PAUSED)])
    if whole.twins:
        stopped = TRIALS.update().where(TRIALS.c.trial_id.in_(whole.twins))
        connection.execute(stopped.values(state=TrialState.PRUNED))


def _show_as_waiting(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Let Optuna show as waiting what workers had that are gone, and no more how far what waits may be trained."""
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        running = TRIALS.c.trial_id.in_(some), TRIALS.c.state == TrialState.RUNNING
        connection.execute(TRIALS.update().where(*running).values(state=TrialState.WAITING))
        told = TRIAL_ATTRIBUTES.c.trial_id.in_(some), TRIAL_ATTRIBUTES.c.key.in_(("trains to %", "allowed"))
        connection.execute(TRIAL_ATTRIBUTES.delete().where(*told))
