"""The tables of a comparison: a row for each config, and a row for each point of each run's curve."""

from __future__ import annotations

import pandas as pd

from hpo.record.results import StudyResults
from hpo.reports.tables.columns import INTEGER, REAL, config_cells, config_dtypes, frame
from hpo.reports.words.numbers import ends_of, metric_column
from hpo.searching.metric import ACCURACY

MEASURES = ("train", "validation", "test")
LOSSES, VALUES = ("train_loss", "validation_loss"), ("train_accuracy", "validation_accuracy", "test_accuracy")
LOSSES_AND_ACCURACIES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "test_accuracy")


def comparison_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every config that has an ended run, in the order of the grid.

    (hyperparameters)
    runs                           Int64    runs that ended
    failed                         Int64    those of them that diverged; they count with accuracies of 0
    n_train                        Int64    training images of a run
    epochs                         Int64    of a run
    (of)_accuracy                  float64  for train, validation and test: mean over the runs, at the training's end
    (of)_low, (of)_high            float64  its 90 % t interval; missing with one run
    gap, gap_low, gap_high         float64  train - test accuracy, paired within each run, and its 90 % t interval
    seconds                        float64  training time, mean over the runs
    """
    space, metric = results.definition.space, results.definition.metric
    dtypes = config_dtypes(space) | dict.fromkeys(("runs", "failed", "n_train", "epochs"), INTEGER)
    for of in MEASURES:
        dtypes |= {metric_column(metric, of): REAL, f"{of}_low": REAL, f"{of}_high": REAL}
    dtypes |= dict.fromkeys(("gap", "gap_low", "gap_high", "seconds"), REAL)
    rows = []
    for compared in results.compared:
        row = config_cells(space, compared.config) | {
            "runs": len(compared.runs),
            "failed": sum(bool(run.reason) for run in compared.runs),
            "n_train": max(run.n_train for run in compared.runs),
            "epochs": max(run.epochs for run in compared.runs),
            "gap": compared.gap.mean,
            "gap_low": compared.gap.low,
            "gap_high": compared.gap.high,
            "seconds": sum(run.seconds for run in compared.runs) / len(compared.runs),
        }
        for of, estimate in zip(MEASURES, (compared.train, compared.validation, compared.test), strict=True):
            low, high = ends_of(metric, estimate)
            row |= {metric_column(metric, of): metric.value(estimate.mean), f"{of}_low": low, f"{of}_high": high}
        rows.append(row)
    return frame(rows, dtypes)


def point_columns(results: StudyResults) -> dict[str, str]:
    """Return the columns of what is measured at a point of a curve, with the field of the point that each shows.

    Values are named after the metric. The cross-entropies of our networks stand beside an accuracy.
    """
    metric = results.definition.metric
    fields = LOSSES_AND_ACCURACIES if metric.name == ACCURACY.name else VALUES
    return {
        field if field in LOSSES else metric_column(metric, field.removesuffix("_accuracy")): field for field in fields
    }


def comparison_curves_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every point where a run was looked at, by config, run and step.

    (hyperparameters)
    run                                   Int64    number of the run; runs of one number share images, seeds, batches
    step                                  Int64    updates so far
    epoch                                 float64  passes over the training images so far
    train_loss, validation_loss           float64  mean cross-entropy in nats, without weight decay
    train_accuracy, validation_accuracy,
    test_accuracy                         float64  shares
    seconds                               float64  training time so far
    """
    space = results.definition.space
    dtypes = config_dtypes(space) | {"run": INTEGER, "step": INTEGER, "epoch": REAL}
    measured = point_columns(results)
    dtypes |= dict.fromkeys((*measured, "seconds"), REAL)
    rows = [
        config_cells(space, compared.config)
        | {"run": run.run}
        | {name: getattr(point, name) for name in ("step", "epoch", "seconds")}
        | {name: getattr(point, field) for name, field in measured.items()}
        for compared in results.compared
        for run in compared.runs
        if run.id in results.curves
        for point in results.curves[run.id].points
    ]
    return frame(rows, dtypes)
