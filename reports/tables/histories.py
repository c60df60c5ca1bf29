"""What a study did on its way, as tables: every point of every learning curve, every evaluation on the test set."""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd

from hpo.record.results import StudyResults
from hpo.reports.tables.columns import INTEGER, REAL, TEXT, frame
from hpo.reports.tables.comparison import comparison_curves_table, point_columns

TIME = "datetime64[us, UTC]"


def curves_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every point where a training was looked at: the search's first, then the final part's.

    stage                                 string   search; or as in the evaluations, race and confirm before them
    trial                                 Int64    number in the Optuna study of the search, or of the final part
    round, index                          Int64    the trial of the search that tried the config first
    run                                   Int64    number of the run; missing in the search
    group                                 Int64    of images, from 0; each has a network of its own
    step                                  Int64    updates so far
    epoch                                 float64  passes over the training images so far
    train_loss, validation_loss           float64  mean cross-entropy in nats, without weight decay
    train_accuracy, validation_accuracy   float64  shares
    test_accuracy                         float64  only where the test set was looked at along the curve
    seconds                               float64  training time of the group so far

    A comparison has the columns of `comparison_curves_table`.
    """
    if results.definition.comparison is not None:
        return comparison_curves_table(results)
    dtypes = {"stage": TEXT} | dict.fromkeys(("trial", "round", "index", "run", "group", "step"), INTEGER)
    measured = point_columns(results)
    dtypes |= dict.fromkeys(("epoch", *measured, "seconds"), REAL)
    searched = sorted(results.queued, key=lambda t: (t.attributes["round"], t.attributes["index"], t.number))
    trained: list[tuple[int, dict[str, Any]]] = [
        (trial.id, {"stage": "search", "trial": trial.number} | {k: trial.attributes[k] for k in ("round", "index")})
        for trial in searched
    ]
    trained += [
        (run.id, {"stage": run.stage, "trial": run.number, "run": run.run} | _source(run.source))
        for run in sorted(results.runs, key=lambda run: run.number)
    ]
    rows = [
        head
        | {name: getattr(point, name) for name in ("group", "step", "epoch", "seconds")}
        | {name: getattr(point, field) for name, field in measured.items()}
        for trial_id, head in trained
        if trial_id in results.curves
        for point in results.curves[trial_id].points
    ]
    return frame(rows, dtypes)


def ledger_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every evaluation on the test set, oldest first.

    evaluated_at  datetime64[us, UTC]  by the database's clock, just before the evaluation
    purpose       string               what for, in words
    stage         string               which kind of run it was, as in the evaluations; compare in a comparison
    trial         Int64                its number in the Optuna study of the final part, or of the comparison
    run           Int64                number of the run; runs of one number share a seed
    dataset       string
    """
    dtypes = {"evaluated_at": TIME, "purpose": TEXT, "stage": TEXT, "trial": INTEGER, "run": INTEGER, "dataset": TEXT}
    runs: dict[int, dict[str, Any]] = {
        run.id: {"stage": run.stage, "trial": run.number, "run": run.run} for run in results.runs
    }
    if results.definition.comparison is not None:
        runs = {
            trial.id: {"stage": "compare", "trial": trial.number, "run": trial.attributes.get("run")}
            for trial in results.queued
        }
    rows = [
        {"evaluated_at": _utc(entry.evaluated_at), "purpose": entry.purpose, "dataset": entry.dataset}
        | runs.get(entry.trial_id, {})
        for entry in results.ledger
    ]
    return frame(rows, dtypes)


def _source(key: tuple[int, int]) -> dict[str, int]:
    return {"round": key[0], "index": key[1]}


def _utc(moment: datetime.datetime) -> datetime.datetime:
    """Return `moment` with its zone; databases give it without."""
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
