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

import numpy as np
import sqlalchemy as sa
from optuna.trial import TrialState

from hpo.storage import optuna_studies
from hpo.storage.optuna_studies import NewStudy
from hpo.storage.schema import COMPLETE, FAILED, PAUSED, PLANNED, READY, STOPPED, rounds, studies, trials
from hpo.storage.stamps import stamp
from hpo.storage.version_1 import (
    CERTIFICATE_OF,
    DEFINITION,
    DONE,
    FINAL_PART_OF,
    KEY,
    STATE,
    TRIAL_ATTRIBUTES,
    TRIALS,
    OldStudy,
    OldTrial,
    final_part,
    read_trials,
)

SEARCH, FINAL = "search", "final"
ENDED = {TrialState.COMPLETE: COMPLETE, TrialState.PRUNED: STOPPED, TrialState.FAIL: FAILED}
PUT_WITH = ("round", "index", "run", "seed", "stage", "source", "source_trial", "overrides", "n_train", "epochs")
"""Attributes that a trial was put into the queue with, beside those of certificates:"""
OF_CERTIFICATES = ("images", "size")
FOUND = ("train_accuracy", "test_accuracy", "seconds", "worker", "reason")
"""Attributes that its training found."""

TRIAL, COMPARE = 0, 5
"""What seeds were derived for."""

_LONGEST = 255
_BATCH = 500
_DAMAGE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, AssertionError, RecursionError)
_ROUND = re.compile(r"round [1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Round:
    """A round that was opened: its row, and the configs that it tries."""

    number: int
    box: Any
    why: Any
    configs: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is known of a study: rows of its trials without the study's own number."""

    record: Any
    state: str
    rounds: Sequence[Round]
    trials: Sequence[Mapping[str, Any]]


def bring(connection: sa.Connection, everything: Sequence[OldStudy]) -> dict[int, str]:
    """Write those of `everything` that are ours; return, by Optuna's number, whose part each of its studies shows."""
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
            whole = _read(connection, old, part, of)
        except _DAMAGE as error:
            whole = Whole(f"damaged: {type(error).__name__}: {error}", _state(old), (), ())
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


def _read(connection: sa.Connection, old: OldStudy, part: OldStudy | None, certificate_of: str | None) -> Whole:
    attributes = {key: json.loads(text) for key, text in old.texts.items()}
    apart = (DEFINITION, STATE, KEY, CERTIFICATE_OF)
    record = {key: value for key, value in attributes.items() if key not in apart and not _ROUND.fullmatch(key)}
    if certificate_of is not None:
        found = read_trials(connection, old.id, ("stage", "size", "index", "run"))
        return Whole(record, _state(old), (), list(_rows(found, SEARCH, (DONE,))))
    definition = attributes[DEFINITION]
    opened = list(_rounds(attributes))
    searched = [each for each in read_trials(connection, old.id, ("round", "index")) if "stage" not in each.attributes]
    last = [each for each in searched if opened and each.attributes["round"] == opened[-1].number]
    if opened and not last:  # it was written down and nothing more: it is opened anew, and is the same one
        opened.pop()
    rows = list(_rows(searched, SEARCH, _rungs(definition)))
    if last:
        rows += _planned(definition, opened[-1], last)
    if part is not None:
        rows += _rows(read_trials(connection, part.id, ("stage", "source", "run")), FINAL, (DONE,))
    # Without its final part a study has to find it again.
    return Whole(record, _state(old) if part is not None else "running", opened, rows)


def _rounds(attributes: Mapping[str, Any]) -> Iterator[Round]:
    number = 1
    while f"round {number}" in attributes:
        told = attributes[f"round {number}"]
        yield Round(number, told["box"], told["why"], told["configs"])
        number += 1


def _rungs(definition: Mapping[str, Any]) -> tuple[int, ...]:
    """Return where trials of a search are judged, in percent; those of a comparison are not judged."""
    if "comparison" in definition:
        return (DONE,)
    shares = definition.get("search", {}).get("rungs", (0.25, 0.5))
    return (*(max(1, round(100 * share)) for share in shares), DONE)


def _piece(attributes: Mapping[str, Any]) -> str:
    stage = attributes.get("stage")
    if stage is None:
        return f"round {attributes['round']} place {attributes['index']}"[:_LONGEST]
    source = attributes["source"] if "source" in attributes else f"{attributes['size']}.{attributes['index']}"
    return f"{stage} {source} run {attributes['run']}"[:_LONGEST]


def _rows(found: Sequence[OldTrial], part: str, rungs: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield a row for each piece of work: of one that was put into the queue twice the first counts.

    Where nothing is judged before the end, workers noted scores on the way, which are none of a rung.
    """
    pieces: set[str] = set()
    for each in found:
        piece = _piece(each.attributes)
        if piece in pieces:
            continue
        pieces.add(piece)
        scores = {step: score for step, score in sorted(each.scores.items()) if step in rungs}
        if each.state not in ENDED:
            scores.pop(DONE, None)  # its worker died between its last report and its end: it is trained once more
        reached = max(scores, default=0)
        state = ENDED.get(each.state) or (READY if reached < each.allowed else PAUSED)
        yield {
            "id": each.id,
            "part": part,
            "piece": piece,
            "number": each.number,
            "state": state,
            "config": json.dumps(each.config),
            "attributes": json.dumps(_some(each.attributes, (*PUT_WITH, *OF_CERTIFICATES))),
            "distributions": json.dumps(each.distributions),
            "allowed": each.allowed,
            "reached": reached,
            "rungs": json.dumps(scores),
            "score": each.value if state == COMPLETE else None,
            "outcome": json.dumps(_some(each.attributes, FOUND)),
            "deaths": _deaths(each) if state == FAILED else 0,
            "claimed_at": each.started,
            "ended_at": each.ended,
            "optuna_id": each.id,
        }


def _some(attributes: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: attributes[name] for name in names if name in attributes}


def _deaths(trial: OldTrial) -> int:
    """Return how many workers a trial failed for: the last one was not counted in its attributes."""
    blamed = str(trial.attributes.get("reason")).startswith("its worker died")
    return int(trial.attributes.get("worker_deaths", 0)) + 1 if blamed else 0


def _planned(definition: Mapping[str, Any], opened: Round, present: Sequence[OldTrial]) -> Iterator[dict[str, Any]]:
    """Yield rows for those trials of a round that its coordinator had not put into the queue yet."""
    there = {each.attributes["index"] for each in present}
    one = present[0]
    common = {
        "part": SEARCH,
        "state": PLANNED,
        "distributions": json.dumps(one.distributions),
        "allowed": min(each.allowed for each in present),
        "reached": 0,
        "rungs": "{}",
        "outcome": "{}",
        "deaths": 0,
    }
    comparison = definition.get("comparison")
    for run in range(1 if comparison is None else comparison["seeds"]):
        for place, config in enumerate(opened.configs):
            index = run * len(opened.configs) + place
            if index in there:
                continue
            attributes = {"round": opened.number, "index": index}
            if comparison is None:
                attributes["seed"] = _seed(definition["seed"], TRIAL, opened.number, index)
            else:
                attributes |= {"run": run, "seed": _seed(definition["seed"], COMPARE, run)}
            attributes |= _some(one.attributes, ("n_train", "epochs"))
            yield {
                **common,
                "piece": _piece(attributes),
                "config": json.dumps(config),
                "attributes": json.dumps(attributes),
            }


def _seed(study_seed: int, purpose: int, *place: int) -> int:
    words = np.random.SeedSequence([study_seed, purpose, *place]).generate_state(2, np.uint32)
    return (int(words[0]) << 21) | (int(words[1]) >> 11)


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
    planned = [row for row in whole.trials if "id" not in row]
    insert = trials.insert().values(study_id=study_id, changed=stamp(connection, study_id))
    for rows in (known, planned):
        for start in range(0, len(rows), _BATCH):
            connection.execute(insert, rows[start : start + _BATCH])
    _show_as_waiting(connection, [row["id"] for row in known if row["state"] in (READY, PAUSED)])


def _show_as_waiting(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Let Optuna show as waiting what workers had that are gone, and no more how far what waits may be trained."""
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        running = TRIALS.c.trial_id.in_(some), TRIALS.c.state == TrialState.RUNNING
        connection.execute(TRIALS.update().where(*running).values(state=TrialState.WAITING))
        told = TRIAL_ATTRIBUTES.c.trial_id.in_(some), TRIAL_ATTRIBUTES.c.key.in_(("trains to %", "allowed"))
        connection.execute(TRIAL_ATTRIBUTES.delete().where(*told))
