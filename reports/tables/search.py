"""The tables of a study as pandas DataFrames. Accuracies are shares (0..1); what is unknown is missing, never zero.

Columns named after the accuracy are named after the study's metric where that is another: `validation_rmse`. They hold
its values, in its own units and direction; a gap is positive where a config is better on what it was trained on.

Every table has a column for each hyperparameter, by its name: float64, Int64, boolean or string (see
hpo.reports.tables.columns).
"""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd

from hpo.definition.study import StudyDefinition
from hpo.proof.estimates import Estimate
from hpo.proof.good_values import boundaries
from hpo.record.open_study import open_study
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.facts.importance import importances
from hpo.reports.facts.luck import best_so_far
from hpo.reports.facts.outcomes import Outcome, n_train, outcomes
from hpo.reports.tables.columns import (
    INTEGER,
    REAL,
    TEXT,
    box_cells,
    box_dtypes,
    config_cells,
    config_dtypes,
    frame,
    names_text,
    value_cell,
)
from hpo.reports.tables.comparison import comparison_curves_table, comparison_table
from hpo.reports.tables.histories import curves_table, ledger_table
from hpo.reports.words.carrying_over import change_notes
from hpo.reports.words.formatting import value_text
from hpo.reports.words.numbers import ends_of, metric_column
from hpo.searching.metric import Metric
from hpo.searching.space import Interval

__all__ = [
    "comparison_curves_table",
    "comparison_table",
    "curves_table",
    "evaluations_table",
    "good_values_table",
    "ledger_table",
    "open_study",
    "race_table",
    "relevance_table",
    "rounds_table",
    "trials_table",
]


def trials_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every trial of the search enqueued so far, in (round, index) order.

    rank                 Int64    rank by validation score among the trials whose scores mean the same (samples and
                                  epochs of the latest round); missing for others, and while unfinished or if failed
    trial                Int64    number in the Optuna study and its dashboard
    round, index         Int64    the round (from 1) and the number in it (from 0)
    (hyperparameters)
    state                string   complete, stopped (at a rung), failed, waiting or running
    seed                 Int64    of the trial's training
    n_train              Int64    training images, a group
    epochs               Int64    of the whole training
    trained              Int64    how much of it was done at the last rung, %
    train_accuracy       float64  where training stands, mean over groups
    validation_accuracy  float64  the value that the search works with, likewise; 0 after a divergence
    best_corrected       float64  what is left of the best validation_accuracy up to this trial without the luck of its
                                  choice (trials that `rank` compares); of the trained networks, not of their config
    at_boundary          string   hyperparameters within 2 % of an end of their limits, joined by ", "
    seconds              float64  training time so far, summed over groups
    reason               string   why the trial failed
    """
    definition, metric = results.definition, results.definition.metric
    train, validation = (metric_column(metric, part) for part in ("train", "validation"))
    dtypes = (
        {"rank": INTEGER, "trial": INTEGER, "round": INTEGER, "index": INTEGER}
        | config_dtypes(definition.space)
        | {"state": TEXT, "seed": INTEGER, "n_train": INTEGER, "epochs": INTEGER, "trained": INTEGER}
        | {train: REAL, validation: REAL, "best_corrected": REAL, "at_boundary": TEXT}
        | {"seconds": REAL, "reason": TEXT}
    )
    listed = outcomes(results)
    corrected = {best.key: best.corrected for best in best_so_far(results)}
    rows = [
        config_cells(definition.space, each.config)
        | {
            "rank": each.rank,
            "trial": each.trial.number,
            "round": each.round,
            "index": each.index,
            "state": each.state,
            "seed": each.trial.attributes["seed"],
            "n_train": _taken(results, each.round),
            "epochs": definition.rounds[each.round - 1].epochs,
            "trained": each.trial.reached,
            train: each.train_value,
            validation: value_cell(metric, each.score),
            "best_corrected": value_cell(metric, corrected.get((each.round, each.index))),
            "at_boundary": names_text(boundaries(definition.space, each.config)),
            "seconds": each.seconds,
            "reason": each.reason,
        }
        for each in listed
    ]
    return frame(rows, dtypes)


def rounds_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every round opened so far.

    round                          Int64    from 1
    (name)_low, (name)_high        float64 or Int64  the box, for each numeric hyperparameter
    (name)_choices                 string   the box, for each categorical one, joined by ", "
    trials                         Int64    configs of the round
    n_train                        Int64    training images, a group
    epochs                         Int64    of a whole training
    complete, stopped, failed      Int64    trials that ended so
    best_trial                     Int64    number of the trial with the best score so far
    best_validation_accuracy       float64  that score: the best of many, so usually too optimistic
    why                            string   what was done to the box and why, joined by "; "
    """
    definition, done, metric = results.definition, outcomes(results), results.definition.metric
    best_column = metric_column(metric, "best_validation")
    counts = ("complete", "stopped", "failed")
    dtypes = (
        {"round": INTEGER}
        | box_dtypes(definition.space)
        | {"trials": INTEGER, "n_train": INTEGER, "epochs": INTEGER}
        | dict.fromkeys(counts, INTEGER)
        | {"best_trial": INTEGER, best_column: REAL, "why": TEXT}
    )
    rows = []
    for opened in results.rounds:
        mine = [each for each in done if each.round == opened.number]
        ended = [each for each in mine if each.score is not None and each.state in ("complete", "stopped")]
        best = max(ended, key=lambda each: (_score(each), -each.index), default=None)
        rows.append(
            box_cells(opened.box)
            | {state: sum(each.state == state for each in mine) for state in counts}
            | {
                "round": opened.number,
                "trials": opened.trials,
                "n_train": _taken(results, opened.number),
                "epochs": definition.rounds[opened.number - 1].epochs,
                "best_trial": best.trial.number if best else None,
                best_column: value_cell(metric, best.score) if best else None,
                "why": "; ".join(opened.why),
            }
        )
    return frame(rows, dtypes)


def _taken(results: StudyResults, number: int) -> int | None:
    """Return the examples that a round trains on; None where the trainer takes what it has."""
    return n_train(results, number) if results.definition.abilities.samples else None


def _score(outcome: Outcome) -> float:
    return -math.inf if outcome.score is None else outcome.score


def good_values_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every good value: the finalists that are statistically tied, at most `good_values` of them.

    rank                 Int64    1 is recommended; by the score on all of the data, before that by the confirmation
    trial                Int64    number of the search's trial that tried the config first
    round                Int64    its round
    (hyperparameters)             as the search tried them
    use                  string   of the recommended one: its values for all of the data, as a JSON object
    changes              string   which of these are not those of the search, and why, joined by "; "
    validation_accuracy  float64  mean of the confirmation runs
    ci_low, ci_high      float64  its 90 % t interval
    runs                 Int64    confirmation runs
    race_accuracy        float64  mean of the race's runs, which made it a good value
    gap                  float64  train - validation accuracy, mean of the race's runs
    search_accuracy      float64  this config's score in the search; usually too optimistic
    n_train              Int64    training images, a group
    epochs               Int64    of each run
    at_boundary          string   hyperparameters within 2 % of an end of their limits, joined by ", "
    """
    definition, metric = results.definition, results.definition.metric
    validation, raced, searched = (metric_column(metric, part) for part in ("validation", "race", "search"))
    dtypes = (
        {"rank": INTEGER, "trial": INTEGER, "round": INTEGER}
        | config_dtypes(definition.space)
        | {"use": TEXT, "changes": TEXT}
        | {validation: REAL, "ci_low": REAL, "ci_high": REAL, "runs": INTEGER}
        | {
            raced: REAL,
            "gap": REAL,
            searched: REAL,
            "n_train": INTEGER,
            "epochs": INTEGER,
            "at_boundary": TEXT,
        }
    )
    facts = facts_of(results)
    key = facts.recommended.key
    told = {
        "use": None if facts.use is None else json.dumps(facts.use),
        "changes": "; ".join(change_notes(results)) or None,
    }
    rows = [
        config_cells(definition.space, good.config)
        | {
            "rank": good.rank,
            "trial": good.trial,
            "round": good.key[0],
            **(told if good.key == key else {}),
            validation: metric.value(good.confirmed.mean),
            **_interval(metric, good.confirmed),
            "runs": good.confirmed.runs,
            raced: metric.value(good.race),
            "gap": None if math.isinf(good.gap) or math.isnan(good.gap) else good.gap,
            searched: value_cell(metric, good.search_score),
            "n_train": _taken(results, len(definition.rounds)),
            "epochs": definition.rounds[-1].epochs,
            "at_boundary": names_text(good.at_boundary),
        }
        for good in results.good
    ]
    return frame(rows, dtypes)


def race_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every config that raced: the good values in their order, then the others.

    trial                Int64    number of the search's trial that tried the config first
    round                Int64    its round
    (hyperparameters)
    race_accuracy        float64  mean of its runs in the race
    runs                 Int64    those runs: what is clearly worse leaves the race early
    good                 boolean  whether it is one of the good values
    worse                boolean  whether it is worse than the best (90 %); neither: tied, but beyond `good_values`
    """
    metric = results.definition.metric
    raced = metric_column(metric, "race")
    dtypes = (
        {"trial": INTEGER, "round": INTEGER}
        | config_dtypes(results.definition.space)
        | {raced: REAL, "runs": INTEGER, "good": "boolean", "worse": "boolean"}
    )
    rows = [
        config_cells(results.definition.space, each.config)
        | {
            "trial": each.trial,
            "round": each.key[0],
            raced: value_cell(metric, each.mean),
            "runs": each.runs,
            "good": each.good,
            "worse": each.worse,
        }
        for each in results.raced
    ]
    return frame(rows, dtypes)


def _interval(metric: Metric, estimate: Estimate) -> dict[str, float]:
    low, high = ends_of(metric, estimate)
    return {"ci_low": low, "ci_high": high}


def relevance_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every hyperparameter: whether the scores of the search depend on it, and how much.

    name        string   of the hyperparameter
    low, high   float64  the lowest and the highest value tried inside the rounds' boxes, of a numeric one
    choices     string   those tried, of a categorical one, joined by ", "
    trials      Int64    that the test looked at: as many samples and epochs as in the latest round
    p           float64  how often chance explains the scores as well as the hyperparameter does; missing with too few
    verdict     string   relevant (p at most .05), no effect detected, or too few trials to tell
    importance  float64  its share of what sets the best trials apart (facts.importance); missing with too few
    """
    dtypes = {"name": TEXT, "low": REAL, "high": REAL, "choices": TEXT, "trials": INTEGER, "p": REAL, "verdict": TEXT}
    dtypes |= {"importance": REAL}
    found = importances(results)
    shares = found.shares if found else {}
    rows: list[dict[str, Any]] = []
    for each in results.relevance:
        ends = (
            {"low": each.tried.low, "high": each.tried.high}
            if isinstance(each.tried, Interval)
            else {"choices": names_text([value_text(choice) for choice in each.tried])}
        )
        verdict = {"p": each.p, "verdict": each.verdict, "importance": shares.get(each.name)}
        rows.append(ends | {"name": each.name, "trials": each.trials} | verdict)
    return frame(rows, dtypes)


def _settings_beside(definition: StudyDefinition) -> list[str]:
    """Return those of the learning rate and the weight decay that the trainer has, whether they are searched or not."""
    known = {**definition.plain({}), **definition.space.hyperparameters}
    return [name for name in ("learning_rate", "weight_decay") if name in known]


def evaluations_table(results: StudyResults) -> pd.DataFrame:
    """Return a row for every run on all of the data: the winner's first, what was tried around it last.

    rank                 Int64    rank of the config by mean validation score; missing for plain and probes
    stage                string   full (weight decay scaled to all of the data), plain (the best one's own), probe_lower
                                  and probe_higher (half and twice its learning rate) or adopted (the best of these)
    source_trial         Int64    number of the search's trial that tried the config first
    round                Int64    its round
    trial                Int64    number in the Optuna study of the final part
    run                  Int64    from 0; runs of the same number share a seed
    seed                 Int64    of the run
    (hyperparameters)             as they were used
    learning_rate, weight_decay
                         float64  as they were used, also where they are no hyperparameters of the study
    n_train, epochs      Int64    training images and epochs
    train_accuracy       float64  at the end of the run
    validation_accuracy  float64  on the whole holdout; chose the winner
    test_accuracy        float64  never used to choose; missing for probes, which are not tested
    ci_low, ci_high      float64  90 % t interval of the config's mean test accuracy, the same in all of its rows
    gap                  float64  train_accuracy - test_accuracy
    at_boundary          string   hyperparameters of the source trial within 2 % of an end of their limits
    seconds              float64  training time
    reason               string   why the run failed
    """
    definition, metric = results.definition, results.definition.metric
    train, validation, test = (metric_column(metric, part) for part in ("train", "validation", "test"))
    dtypes = (
        {"rank": INTEGER, "stage": TEXT, "source_trial": INTEGER, "round": INTEGER, "trial": INTEGER}
        | {"run": INTEGER, "seed": INTEGER}
        | config_dtypes(definition.space)
        | dict.fromkeys(_settings_beside(definition), REAL)
        | {"n_train": INTEGER, "epochs": INTEGER, train: REAL}
        | {validation: REAL, test: REAL, "ci_low": REAL, "ci_high": REAL, "gap": REAL}
        | {"at_boundary": TEXT, "seconds": REAL, "reason": TEXT}
    )
    tried = {trial.key: trial.config for trial in results.trials}
    rows = []
    for rank, full in enumerate(results.full, 1):
        for run in full.runs:
            config = {**run.config, **run.overrides}
            plain = definition.plain(config)
            ended = run.test_accuracy is not None or run.reason is None
            rows.append(
                config_cells(definition.space, config)
                | {
                    **{name: plain.get(name) for name in _settings_beside(definition)},
                    "rank": rank if full.ranked else None,
                    "stage": run.stage,
                    "source_trial": run.source_trial,
                    "round": run.source[0],
                    "trial": run.number,
                    "run": run.run,
                    "seed": run.seed,
                    "n_train": run.n_train if ended and definition.abilities.samples else None,
                    "epochs": run.epochs if ended else definition.final.epochs,
                    train: value_cell(metric, run.train_accuracy) if ended else None,
                    validation: value_cell(metric, run.score),
                    test: value_cell(metric, run.test_accuracy),
                    **_interval(metric, full.test),
                    "gap": run.train_accuracy - run.test_accuracy if run.test_accuracy is not None else None,
                    "at_boundary": names_text(boundaries(definition.space, tried[run.source])),
                    "seconds": run.seconds,
                    "reason": run.reason,
                }
            )
    return frame(rows, dtypes)
