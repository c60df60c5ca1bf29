"""The table of several studies."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hpo.record.results import StudyResults
from hpo.reports.tables.columns import INTEGER, REAL, TEXT, frame
from hpo.reports.words.numbers import ends_of, metric_column
from hpo.reports.words.summary import shared_metric, summary


def studies_table(studies: Sequence[StudyResults]) -> pd.DataFrame:
    """Return a row for each of `studies`, in their order.

    study, state, data   string   its name; running or done; what it was measured on
    values               string   those to use, without what shows no effect; of a comparison, the best by validation
    n_train              Int64    training images behind the accuracies
    metric               string   only where the studies have different ones: `validation` and `test` are its values
    validation_accuracy  float64  on all of the data; before that, of the best good value's confirmation runs
    test_accuracy        float64  missing before the test set was evaluated
    ci_low, ci_high      float64  its 90 % t interval
    gap                  float64  train - test accuracy
    trainings            Int64    that have ended or are stopped: of the search, and after it
    training_seconds     float64  summed over them, of one core each
    test_evaluations     Int64    evaluations on the test set so far
    seed                 Int64    of the study
    """
    dtypes = {"study": TEXT, "state": TEXT, "data": TEXT, "values": TEXT, "n_train": INTEGER}
    found = [summary(each) for each in studies]
    shared = shared_metric(found)
    validation, test = (part if shared is None else metric_column(shared, part) for part in ("validation", "test"))
    dtypes |= {"metric": TEXT} if shared is None else {}
    dtypes |= dict.fromkeys((validation, test, "ci_low", "ci_high", "gap"), REAL)
    dtypes |= {"trainings": INTEGER, "training_seconds": REAL, "test_evaluations": INTEGER, "seed": INTEGER}
    return frame(
        [
            {
                "study": each.name,
                "state": each.state,
                "data": each.data,
                "values": each.values,
                "n_train": each.n_train,
                "metric": each.metric.name,
                validation: each.metric.value(each.validation.mean),
                test: each.metric.value(each.test.mean),
                **dict(zip(("ci_low", "ci_high"), ends_of(each.metric, each.test), strict=True)),
                "gap": each.gap,
                "trainings": each.trainings,
                "training_seconds": each.seconds,
                "test_evaluations": each.test_evaluations,
                "seed": each.seed,
            }
            for each in found
        ],
        dtypes,
    )
