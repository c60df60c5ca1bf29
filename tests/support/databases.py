"""A whole study on a real SQLite file, with invented scores instead of networks, and processes that die at will."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from optuna.storages import RDBStorage

from hpo.definition.rounds import comparable
from hpo.definition.study import StudyDefinition
from hpo.engine.coordinator import Coordinator
from hpo.engine.queue import TrialQueue
from hpo.proof.final_runs import final_runs
from hpo.proof.good_values import good_values
from hpo.record.study import StudyRecord
from hpo.record.trials import Trials, trials_of
from hpo.searching.queued import QueuedTrial, search_results
from hpo.storage.database import Database
from hpo.storage.holders import Holder
from hpo.storage.records import Curve, CurvePoint
from tests.support.builders import definition

POOL, CHANCE = 1000, 0.1

SMALL: StudyDefinition = definition(
    rounds=[{"trials": 8, "samples": 400, "epochs": 10}, {"trials": 6, "samples": 400, "epochs": 10}],
    final={"good_values": 2, "race_runs": 2, "confirmation_runs": 2, "seeds": 1, "epochs": 5, "probe": True},
)


class Killed(BaseException):
    """What ends a process of these tests; nothing catches it, as nothing catches a kill."""


@cache
def dead_pid() -> int:
    """Return the id of a process of this machine that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def mortal() -> Holder:
    """Return a new holder of leases whose process is found dead by whoever looks for it."""
    return Holder(pid=dead_pid(), started="1")


def open_study(path: Path, study: StudyDefinition = SMALL) -> Database:
    """Return the database at `path`, with `study` in it."""
    database = Database(f"sqlite:///{path}")
    source = {"provenance": "made up", "place": "memory", "paths": "", "sha256": "0", "complete": "yes"}
    data = {"pool": POOL, "holdout": POOL, "classes": 10, "chance": CHANCE}
    StudyRecord.create(database, study, data, source)
    return database


@cache
def _finished() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hpo.db"
        with open_study(path) as database:
            run_to_the_end(database)
        return path.read_bytes()


def open_finished(path: Path) -> Database:
    """Return the database at `path` with the small study in it, run to its end: once, and then copied."""
    path.write_bytes(_finished())
    return Database(f"sqlite:///{path}")


def coordinator(database: Database, holder: Holder | None = None) -> Coordinator:
    """Return one who leads the small study; found dead as soon as somebody else looks, unless `holder` is alive."""
    return Coordinator(database, SMALL.name, lambda text: None, holder or mortal())


def queue_of(database: Database, holder: Holder | None = None, study: str = SMALL.name) -> TrialQueue:
    """Return the queue of a study as one worker sees it, who lives unless told otherwise."""
    return TrialQueue(database, StudyRecord(database, study).id, holder)


def trials(database: Database, study: str = SMALL.name) -> Trials:
    """Return the trials of a study as they are now."""
    return trials_of(database, StudyRecord(database, study))


def score(trial: QueuedTrial, rung: int) -> float:
    """Return an accuracy that depends on the config, the trial's seed and the rung, and on nothing else."""
    u, v = (math.log10(float(trial.config[name])) for name in ("learning_rate", "weight_decay"))
    mean = 0.9 * math.exp(-0.5 * ((u + 1.5) / 1.5) ** 2) - 0.005 * abs(v + 4)
    noise = np.random.default_rng([trial.attributes["seed"], rung]).normal(0, 0.01)
    return float(np.clip(mean * (0.6 + 0.4 * rung / 100) + noise, 0, 1))


CURVE = Curve((CurvePoint(0, 1, 1.0, 0.5, 0.8, 0.6, 0.7, 0.1),), np.array([[True, False]]))


def train(
    database: Database, holder: Holder | None = None, *, order: Callable[[list[Any]], None] = lambda trials: None
) -> int:
    """Train every trial that is ready, in whatever `order` makes of the queue; return how many there were."""
    queue, found = queue_of(database, holder or mortal()), trials(database)
    ready = [trial for trial in (*found.search, *found.final) if trial.ready]
    order(ready)
    for trial in ready:
        claimed = queue.claim([trial.id])
        assert claimed is not None
        tested = claimed.attributes.get("stage") in ("full", "plain", "adopted")
        test = {"test_accuracy": score(claimed, 99)} if tested else {}
        assert queue.report(claimed, claimed.allowed, score(claimed, claimed.allowed), CURVE, test)
    return len(ready)


def run_to_the_end(database: Database, **how: Any) -> None:
    """Let one coordinator and one worker finish the study."""
    leader, worker = coordinator(database), mortal()
    while not leader.step():
        assert train(database, worker, **how) or leader.advanced, "it is not done, yet nothing is to be trained"


def outcome(database: Database) -> dict[str, Any]:
    """Return all that a study decided and found, by what its trials are and not by how they are numbered."""
    record = StudyRecord(database, SMALL.name)
    rounds = record.rounds
    found = trials_of(database, record)
    search, final = found.search, found.final
    known = comparable(record.definition, search_results(search))
    return {
        "state": record.state,
        "rounds": rounds,
        "search": sorted(
            (
                t.attributes["round"],
                t.attributes["index"],
                t.attributes["seed"],
                t.state.name,
                str(t.config),
                str(t.rungs),
            )
            for t in search
        ),
        "final": sorted(
            (
                t.attributes["stage"],
                t.attributes["source"],
                t.attributes["run"],
                t.attributes["seed"],
                str(t.config),
                t.score,
            )
            for t in final
        ),
        "good": [
            (good.rank, good.key, good.config, good.race, good.confirmed)
            for good in good_values(record.definition, rounds[-1].box, known, final_runs(final))
        ],
    }


@contextmanager
def as_optuna(database: Database) -> Iterator[RDBStorage]:
    """Open the same database as Optuna's tools do, and close it."""
    storage = RDBStorage(database.url)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


@contextmanager
def killed_before_write(database: Database, n: int) -> Iterator[None]:
    """Kill whoever commits the n-th transaction (from 1) that writes into `database`; that transaction is lost."""
    written = 0

    def note(connection: sa.Connection, cursor: object, statement: str, *more: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            connection.info["writes"] = True

    def kill(connection: sa.Connection) -> None:
        nonlocal written
        written += connection.info.pop("writes", False)
        if written == n:
            written += 1
            connection.connection.rollback()
            raise Killed

    sa.event.listen(database.engine, "before_cursor_execute", note)
    sa.event.listen(database.engine, "commit", kill)
    try:
        yield
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)
        sa.event.remove(database.engine, "commit", kill)
