"""What a database says of a study: the one place of the campaign that knows the product's tables."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PASSING = ("seconds", "worker", "worker_deaths", "dead workers")
"""Attributes of a trial that say how it went, and not what came out."""


@dataclass(frozen=True)
class Piece:
    """One piece of work: what it is (its round and place, or stage, source and run), and all that came out of it."""

    key: str
    id: int
    state: str
    seed: int
    outcome: str


@dataclass(frozen=True)
class Reading:
    """All of one study."""

    state: str
    pieces: tuple[Piece, ...]
    ledger: tuple[str, ...]


@contextlib.contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """Look into the database; nothing is written and nothing is made."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not Path(str(parsed.database)).exists():
            raise FileNotFoundError(str(parsed.database))
        engine = sa.create_engine(f"sqlite:///file:{parsed.database}?mode=ro&uri=true", poolclass=sa.NullPool)
    else:
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
    with engine.connect() as connection:
        yield connection


def finished(url: str) -> int:
    """Return how many pieces of work are over; -1 where none is there or nobody can say just now."""
    query = "SELECT count(*), sum(CASE WHEN state IN ('COMPLETE', 'PRUNED', 'FAIL') THEN 1 ELSE 0 END) FROM trials"
    with contextlib.suppress(sa.exc.SQLAlchemyError, FileNotFoundError), connected(url) as connection:
        there, over = connection.exec_driver_sql(query).one()
        return int(over) if there else -1
    return -1


def read(url: str, study: str) -> Reading:
    """Return all that the database holds of `study`."""
    with connected(url) as connection:
        names = dict(connection.exec_driver_sql("SELECT study_name, study_id FROM studies").all())  # type: ignore[arg-type]
        ids = [names[name] for name in (study, f"{study}-final") if name in names]
        if study not in names:
            return Reading("not there", (), ())
        state = _study_attributes(connection, names[study]).get("state", "?")
        pieces = [piece for study_id in ids for piece in _pieces(connection, study_id)]
        keys = {piece.id: piece.key for piece in pieces}
        ledger = connection.exec_driver_sql("SELECT trial_id, purpose FROM hpo_test_openings").all()
    lines = sorted(f"{keys.get(trial, f'trial {trial} of no piece')}: {purpose}" for trial, purpose in ledger)
    return Reading(str(state), tuple(sorted(pieces, key=lambda piece: piece.key)), tuple(lines))


def mirror_differences(url: str, study: str) -> list[str]:
    """Return in sentences where Optuna's tables do not say what ours do."""
    del url, study  # today they are ours
    return []


def _study_attributes(connection: sa.Connection, study_id: int) -> dict[str, Any]:
    rows = connection.exec_driver_sql(f"SELECT key, value_json FROM study_user_attributes WHERE study_id = {study_id}")
    return {key: json.loads(value) for key, value in rows}


def _pieces(connection: sa.Connection, study_id: int) -> list[Piece]:
    def rows(columns: str, table: str, order: str = "") -> Iterator[Any]:
        trials = f"SELECT trial_id FROM trials WHERE study_id = {study_id}"
        yield from connection.exec_driver_sql(f"SELECT {columns} FROM {table} WHERE trial_id IN ({trials}) {order}")

    found: dict[int, dict[str, Any]] = {}
    for trial, state in rows("trial_id, state", "trials"):
        found[trial] = {"state": state, "attributes": {}, "params": {}, "rungs": {}}
    for trial, key, value in rows("trial_id, key, value_json", "trial_user_attributes"):
        found[trial]["attributes"][key] = json.loads(value)
    for trial, name, value in rows("trial_id, param_name, param_value", "trial_params"):
        found[trial]["params"][name] = value
    for trial, step, value in rows("trial_id, step, intermediate_value", "trial_intermediate_values"):
        found[trial]["rungs"][step] = value
    for trial, value in rows("trial_id, value", "trial_values"):
        found[trial]["value"] = value
    for trial, points, hits in rows("trial_id, points, hits", "hpo_curves"):
        found[trial]["curve"] = [point[:7] + point[8:] for point in json.loads(points)]  # the eighth: seconds
        found[trial]["hits"] = bytes(hits).hex()
    for trial, npz in rows("trial_id, npz", "hpo_networks"):
        found[trial]["network"] = hashlib.sha256(bytes(npz)).hexdigest()
    return [_piece(trial, what) for trial, what in found.items() if "seed" in what["attributes"]]


def _piece(trial: int, what: dict[str, Any]) -> Piece:
    attributes = what["attributes"]
    if "stage" in attributes:
        key = f"{attributes['stage']} run {attributes['run']} of {attributes['source']}"
    else:
        key = f"round {attributes['round']} place {attributes['place']}"
    kept = {name: value for name, value in attributes.items() if name not in PASSING}
    outcome = json.dumps({**what, "attributes": kept}, sort_keys=True)
    return Piece(key, trial, what["state"], int(attributes["seed"]), outcome)


def wait_readable(url: str, study: str, seconds: float = 20.0) -> Reading:
    """Return `read`, tried for a while: a server may just be starting."""
    end = time.monotonic() + seconds
    while True:
        try:
            return read(url, study)
        except (sa.exc.SQLAlchemyError, FileNotFoundError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
