"""`python -m tests.benchmarks.reports [TRIALS ...]`: how long a report takes, and which part of it.

For each number of trials a finished study of learning rate x weight decay is written into a database, five rounds with
an invented response and curves of the size of `mnist_wd`'s. Then it is loaded, and its tables, figures and page are
made, as `python -m hpo.report` does it. Times are seconds of one process, and of the machine's clock.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy as sa
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table

from hpo.proof.final_runs import FinalRun, source_text
from hpo.record.open_study import open_study
from hpo.record.results import StudyResults
from hpo.record.study import StudyRecord
from hpo.reports.figures.drawn import drawn_figures
from hpo.reports.files import FIGURE_FORMATS, TABLES
from hpo.reports.page.page import report_html
from hpo.reports.tables.formats import csv_bytes
from hpo.searching.queued import QueuedTrial
from hpo.storage.database import Database
from hpo.storage.records import record_test_evaluation, save_curve
from hpo.storage.schema import COMPLETE, FAILED, STOPPED, trials
from hpo.storage.studies import FINAL, SEARCH
from tests.support.results import DATA, SOURCE, definition, study

ROUNDS, GROUPS = 5, 3


def main(sizes: list[int]) -> None:
    """Print the table of `sizes`."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = Table("trials", "part", "process s", "clock s")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'hpo.db'}"
            write(url, study(definition(rounds=(size // ROUNDS,) * ROUNDS, groups=GROUPS)))
            total = [0.0, 0.0]
            for part, spent in measure(url):
                table.add_row(str(size), part, *(f"{each:.1f}" for each in spent))
                total = [sum(pair) for pair in zip(total, spent, strict=True)]
            table.add_row(str(size), "all", *(f"{each:.1f}" for each in total), end_section=True)
    Console().print(table)


def measure(url: str) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield each part of a report on the study at `url` with its seconds, of the process and by the clock."""
    spent: list[tuple[float, float]] = []

    @contextmanager
    def timed() -> Iterator[None]:
        began = time.process_time(), time.perf_counter()
        yield
        spent.append((time.process_time() - began[0], time.perf_counter() - began[1]))

    with timed():
        results = open_study(storage=url)
    yield "load", spent[-1]
    for name, table in TABLES.items():
        with timed():
            csv_bytes(table(results))
        yield f"{name}.csv", spent[-1]
    with timed():
        drawn = drawn_figures(results)
    yield "draw the figures", spent[-1]
    for kind, render in FIGURE_FORMATS.items():
        with timed():
            for each in drawn:
                render(each)
        yield kind, spent[-1]
    with timed():
        report_html([results], drawn=drawn)
    yield "report.html", spent[-1]


def write(url: str, results: StudyResults) -> None:
    """Write a finished study into the database at `url`, as if it had been run there."""
    of = results.definition
    with Database(url) as database:
        sa.event.listen(database.engine, "connect", _without_waiting_for_the_disk)
        database.engine.dispose()
        record = StudyRecord.create(database, of, DATA, SOURCE)

        def fill(connection: sa.Connection) -> None:
            for opened in results.rounds:
                record.write_round(connection, opened.number, opened.box, opened.why, opened.trials)
            ids = _add(connection, record, SEARCH, [_searched(trial) for trial in results.queued])
            for trial_id, trial in zip(ids, results.queued, strict=True):
                save_curve(connection, trial_id, results.curves[trial.id])
            ids = _add(connection, record, FINAL, [_final(run) for run in results.runs])
            for trial_id, run in zip(ids, results.runs, strict=True):
                if run.test_accuracy is not None:
                    record_test_evaluation(
                        connection, study=of.name, trial_id=trial_id, purpose="full", dataset="mnist"
                    )
            record.write_done(connection)

        database.write(fill)


def _without_waiting_for_the_disk(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _add(connection: sa.Connection, record: StudyRecord, part: str, found: Sequence[dict[str, Any]]) -> list[int]:
    """Put ended trials into the queue, without what Optuna shows of them, and return their ids."""
    same = {"study_id": record.id, "part": part, "distributions": "{}", "allowed": 100, "changed": 1}
    rows = [
        {**same, "piece": f"{part} {number}", "number": number, "claimed_at": 0.0, "ended_at": 1.0, **each}
        for number, each in enumerate(found)
    ]
    ids = connection.execute(trials.insert().returning(trials.c.id, sort_by_parameter_order=True), rows)
    return list(ids.scalars())


_ENDED = {TrialState.COMPLETE: COMPLETE, TrialState.PRUNED: STOPPED, TrialState.FAIL: FAILED}


def _searched(trial: QueuedTrial) -> dict[str, Any]:
    return {
        "state": _ENDED[trial.state],
        "config": json.dumps(trial.config),
        "attributes": json.dumps(dict(trial.attributes)),
        "reached": trial.reached,
        "rungs": json.dumps(dict(trial.rungs)),
        "score": trial.score,
        "outcome": json.dumps({"train_accuracy": 0.9}),
    }


def _final(run: FinalRun) -> dict[str, Any]:
    attributes = {name: getattr(run, name) for name in ("stage", "source_trial", "run", "seed", "n_train", "epochs")}
    outcome = {name: getattr(run, name) for name in ("train_accuracy", "test_accuracy", "seconds")}
    attributes |= {"source": source_text(run.source), "overrides": dict(run.overrides)}
    return {
        "state": COMPLETE,
        "config": json.dumps(dict(run.config)),
        "attributes": json.dumps(attributes),
        "reached": 100,
        "rungs": json.dumps({100: run.score}),
        "score": run.score,
        "outcome": json.dumps(outcome),
    }


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [100, 1_000, 10_000])
