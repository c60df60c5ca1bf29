"""What a database says of a study: the one place of the campaign that knows the product's tables."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy as sa

from hpo.record.attribute_names import IN_WORDS
from hpo.storage.mirror import STATES
from hpo.storage.repair import differences
from hpo.storage.schema import curves, networks, trials
from hpo.storage.schema import test_evaluations as ledger
from hpo.storage.studies import StudyRow, named

PASSING = ("seconds", "worker")
"""What a trial's outcome says of how it went, and not of what came out."""

JSONS = ("config", "attributes", "rungs", "outcome")
COMPARED = (*JSONS, "part", "number", "state", "allowed", "reached", "score")
"""Columns that must be the same as undisturbed."""


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
    over = "state IN ('complete', 'stopped', 'failed')"
    query = f"SELECT count(*), sum(CASE WHEN {over} THEN 1 ELSE 0 END) FROM hpo_trials"
    with contextlib.suppress(sa.exc.SQLAlchemyError, FileNotFoundError), connected(url) as connection:
        there, over = connection.exec_driver_sql(query).one()
        return int(over) if there else -1
    return -1


def read(url: str, study: str) -> Reading:
    """Return all that the database holds of `study`."""
    with connected(url) as connection:
        row = _study(connection, study)
        if row is None:
            return Reading("not there", (), ())
        query = sa.select(trials).where(trials.c.study_id == row.id).order_by(trials.c.piece)
        pieces = [_piece(connection, each._mapping) for each in connection.execute(query)]
        keys = {piece.id: piece.key for piece in pieces}
        opened = sa.select(ledger.c.trial_id, ledger.c.purpose)
        lines = [
            f"{keys.get(trial, f'trial {trial} of no piece')}: {purpose}"
            for trial, purpose in connection.execute(opened)
        ]
    return Reading(row.state, tuple(pieces), tuple(sorted(lines)))


def _study(connection: sa.Connection, name: str) -> StudyRow | None:
    try:
        return named(connection, name)
    except sa.exc.SQLAlchemyError:  # the tables are not there
        return None


def _piece(connection: sa.Connection, row: Mapping[str, Any]) -> Piece:
    attributes = json.loads(row["attributes"])
    found = {name: json.loads(value) if name in JSONS else value for name, value in row.items() if name in COMPARED}
    found["outcome"] = {name: value for name, value in found["outcome"].items() if name not in PASSING}
    curve = connection.execute(sa.select(curves).where(curves.c.trial_id == row["id"])).first()
    if curve is not None:
        found["curve"] = [point[:7] + point[8:] for point in json.loads(curve.points)]  # the eighth: seconds
        found["hits"] = bytes(curve.hits).hex()
    npz = connection.execute(sa.select(networks.c.npz).where(networks.c.trial_id == row["id"])).scalar()
    if npz is not None:
        found["network"] = hashlib.sha256(bytes(npz)).hexdigest()
    outcome = json.dumps(found, sort_keys=True)
    return Piece(row["piece"], row["id"], row["state"], int(attributes["seed"]), outcome)


def mirror_differences(url: str, study: str) -> list[str]:
    """Return in sentences where Optuna's tables do not say what ours do: as the product finds, and as Optuna reads."""
    with connected(url) as connection:
        row = named(connection, study)
        if row is None:
            return ["there is no study"]
        found = differences(connection, row, IN_WORDS)
        ours = connection.execute(sa.select(trials).where(trials.c.study_id == row.id)).all()
        shown = {part: connection.execute(_NAME, {"id": number}).scalar() for part, number in row.shown.items()}
    for part, name in shown.items():
        if name is not None:
            found += _as_optuna_reads(url, name, [each for each in ours if each.part == part])
    return found


_NAME = sa.text("SELECT study_name FROM studies WHERE study_id = :id")


def _as_optuna_reads(url: str, name: str, ours: Sequence[sa.Row[Any]]) -> list[str]:
    storage = optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": sa.NullPool})
    theirs = optuna.load_study(study_name=name, storage=storage).trials
    by_number = {trial.number: trial for trial in theirs}
    found = []
    for each in ours:
        trial = by_number.pop(each.number, None)
        if trial is None:
            found.append(f"{each.piece} is not in {name!r}")
            continue
        expected = json.loads(each.config), each.score, {int(k): v for k, v in json.loads(each.rungs).items()}
        steps = {step: value for step, value in trial.intermediate_values.items() if step in expected[2]}
        if (trial.params, trial.value if trial.values else None, steps) != expected:
            found.append(f"{each.piece} has other hyperparameters or scores in {name!r}")
        if trial.state != STATES[each.state]:
            found.append(f"{each.piece} is {each.state}, in {name!r} {trial.state.name}")
    return found + [f"{name!r} shows a trial of no piece: {n}" for n, t in by_number.items() if "seed" in t.user_attrs]


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
