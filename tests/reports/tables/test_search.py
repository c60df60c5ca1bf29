"""The tables have the same columns and dtypes whatever the study, and say what the study found."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pandas as pd
import pytest
from optuna.trial import TrialState

from hpo.reports.tables.search import (
    curves_table,
    evaluations_table,
    good_values_table,
    ledger_table,
    race_table,
    relevance_table,
    rounds_table,
    trials_table,
)
from hpo.searching.trials import WORST_SCORE
from tests.support.results import MIXED, NO_NUMBER, ONE, TWO, definition, just_begun, study

TABLES = (
    trials_table,
    rounds_table,
    good_values_table,
    race_table,
    relevance_table,
    evaluations_table,
    curves_table,
    ledger_table,
)
SPACES = {"two": TWO, "one": ONE, "no number": NO_NUMBER, "mixed": MIXED}
TRIALS = {
    "rank": "Int64",
    "trial": "Int64",
    "round": "Int64",
    "index": "Int64",
    "learning_rate": "float64",
    "batch_size": "Int64",
    "activation": "string",
    "hidden": "string",
    "dropout": "float64",
    "state": "string",
    "seed": "Int64",
    "n_train": "Int64",
    "epochs": "Int64",
    "trained": "Int64",
    "train_accuracy": "float64",
    "validation_accuracy": "float64",
    "best_corrected": "float64",
    "at_boundary": "string",
    "seconds": "float64",
    "reason": "string",
}
ROUNDS = {
    "round": "Int64",
    "learning_rate_low": "float64",
    "learning_rate_high": "float64",
    "batch_size_low": "Int64",
    "batch_size_high": "Int64",
    "activation_choices": "string",
    "hidden_choices": "string",
    "dropout_low": "float64",
    "dropout_high": "float64",
    "trials": "Int64",
    "n_train": "Int64",
    "epochs": "Int64",
    "complete": "Int64",
    "stopped": "Int64",
    "failed": "Int64",
    "best_trial": "Int64",
    "best_validation_accuracy": "float64",
    "why": "string",
}
GOOD = {
    "rank": "Int64",
    "trial": "Int64",
    "round": "Int64",
    "learning_rate": "float64",
    "batch_size": "Int64",
    "activation": "string",
    "hidden": "string",
    "dropout": "float64",
    "use": "string",
    "changes": "string",
    "validation_accuracy": "float64",
    "ci_low": "float64",
    "ci_high": "float64",
    "runs": "Int64",
    "race_accuracy": "float64",
    "gap": "float64",
    "search_accuracy": "float64",
    "n_train": "Int64",
    "epochs": "Int64",
    "at_boundary": "string",
}
RACE = {
    "trial": "Int64",
    "round": "Int64",
    "learning_rate": "float64",
    "batch_size": "Int64",
    "activation": "string",
    "hidden": "string",
    "dropout": "float64",
    "race_accuracy": "float64",
    "runs": "Int64",
    "good": "boolean",
    "worse": "boolean",
}
RELEVANCE = {
    "name": "string",
    "low": "float64",
    "high": "float64",
    "choices": "string",
    "trials": "Int64",
    "p": "float64",
    "verdict": "string",
    "importance": "float64",
}
EVALUATIONS = {
    "rank": "Int64",
    "stage": "string",
    "source_trial": "Int64",
    "round": "Int64",
    "trial": "Int64",
    "run": "Int64",
    "seed": "Int64",
    "learning_rate": "float64",
    "batch_size": "Int64",
    "activation": "string",
    "hidden": "string",
    "dropout": "float64",
    "weight_decay": "float64",
    "n_train": "Int64",
    "epochs": "Int64",
    "train_accuracy": "float64",
    "validation_accuracy": "float64",
    "test_accuracy": "float64",
    "ci_low": "float64",
    "ci_high": "float64",
    "gap": "float64",
    "at_boundary": "string",
    "seconds": "float64",
    "reason": "string",
}
CURVES = {
    "stage": "string",
    "trial": "Int64",
    "round": "Int64",
    "index": "Int64",
    "run": "Int64",
    "group": "Int64",
    "step": "Int64",
    "epoch": "float64",
    "train_loss": "float64",
    "train_accuracy": "float64",
    "validation_loss": "float64",
    "validation_accuracy": "float64",
    "test_accuracy": "float64",
    "seconds": "float64",
}
LEDGER = {
    "evaluated_at": "datetime64[us, UTC]",
    "purpose": "string",
    "stage": "string",
    "trial": "Int64",
    "run": "Int64",
    "dataset": "string",
}


def dtypes(table: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in table.dtypes.items()}


@pytest.mark.parametrize(
    ("make", "columns"),
    list(zip(TABLES, (TRIALS, ROUNDS, GOOD, RACE, RELEVANCE, EVALUATIONS, CURVES, LEDGER), strict=True)),
    ids=[make.__name__ for make in TABLES],
)
def test_columns_and_dtypes_do_not_depend_on_how_far_the_study_is(make, columns):
    of = definition(MIXED)
    for results in (just_begun(of), study(of, finish=False, unfinished=5), study(of)):
        assert list(dtypes(make(results)).items()) == list(columns.items())


DOCUMENTED = re.compile(
    r"    (\w+(?:, \w+)*) {2,}(Int64|float64|string|boolean|datetime64\[us, UTC\])(?: |$)", re.MULTILINE
)


@pytest.mark.parametrize(
    ("make", "columns"),
    list(zip(TABLES, (TRIALS, ROUNDS, GOOD, RACE, RELEVANCE, EVALUATIONS, CURVES, LEDGER), strict=True)),
    ids=[make.__name__ for make in TABLES],
)
def test_every_column_and_its_dtype_is_documented_and_none_that_is_not_there(make, columns):
    documented = {name: dtype for names, dtype in DOCUMENTED.findall(make.__doc__) for name in re.split(r",\s+", names)}
    own = re.compile(rf"({'|'.join(MIXED)}|weight_decay)(_low|_high|_choices)?")  # described as what they are of
    assert documented == {name: dtype for name, dtype in columns.items() if not own.fullmatch(name)}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_a_table_survives_csv(make, space):
    table = make(study(definition(space)))
    text = table.to_csv(index=False)
    times = [name for name, dtype in dtypes(table).items() if dtype.startswith("datetime64")]
    others = {name: dtype for name, dtype in table.dtypes.items() if name not in times}
    back = pd.read_csv(io.StringIO(text), dtype=others, parse_dates=times)
    pd.testing.assert_frame_equal(back, table, check_exact=True)


def test_every_trial_enqueued_has_one_row_in_the_order_of_rounds():
    results = study(finish=False, unfinished=4)
    table = trials_table(results)
    expected = [(r.number, index) for r in results.rounds for index in range(r.trials)]
    assert list(zip(table["round"], table["index"], strict=True)) == expected
    assert (table["state"] == "waiting").sum() == 4
    assert table.loc[table["state"] == "waiting", ["rank", "validation_accuracy", "seconds"]].isna().all(axis=None)


def test_the_trials_table_does_not_depend_on_the_order_in_which_the_queue_lists_them():
    results = study()
    shuffled = replace(results, queued=list(reversed(results.queued)))
    pd.testing.assert_frame_equal(trials_table(shuffled), trials_table(results))


def test_a_trial_enqueued_twice_has_one_row_with_what_was_finished():
    results = study()
    twin = replace(results.queued[0], id=9_999, number=9_999, state=TrialState.WAITING, rungs={}, score=None)
    pd.testing.assert_frame_equal(trials_table(replace(results, queued=[twin, *results.queued])), trials_table(results))


def test_seeds_keep_all_of_their_digits():
    results = study(finish=False)
    assert trials_table(results)["seed"].tolist() == [trial.attributes["seed"] for trial in results.queued]


def test_train_accuracy_and_seconds_are_those_of_the_last_points_of_the_groups():
    results = study()
    row = trials_table(results).iloc[0]
    points = results.curves[results.queued[0].id].points
    last = [max((p for p in points if p.group == group), key=lambda p: p.step) for group in (0, 1)]
    assert row["train_accuracy"] == pytest.approx(sum(p.train_accuracy for p in last) / 2)
    assert row["seconds"] == pytest.approx(sum(p.seconds for p in last))


def test_ranks_follow_the_scores_and_failed_trials_have_none():
    table = trials_table(study(definition(rounds=(40, 40, 40))))
    failed = table["state"] == "failed"
    assert failed.any()
    assert table.loc[failed, "rank"].isna().all()
    assert (table.loc[failed, "validation_accuracy"] == WORST_SCORE).all()
    assert table.loc[failed, "reason"].notna().all()
    by_rank = table[~failed].sort_values("rank")
    assert by_rank["rank"].tolist() == list(range(1, len(by_rank) + 1))
    assert by_rank["validation_accuracy"].is_monotonic_decreasing


def test_trials_of_a_round_with_fewer_images_have_no_rank():
    of = definition()
    first = replace(of.rounds[0], samples=100)
    table = trials_table(study(replace(of, rounds=(first, *of.rounds[1:]))))
    assert table.loc[table["round"] == 1, "rank"].isna().all()
    assert table.loc[table["round"] == 2, "rank"].notna().any()
    assert set(table.loc[table["round"] == 1, "n_train"]) == {100}


def test_n_train_is_never_more_than_there_are_images():
    results = study()
    small = replace(results, data=results.data | {"pool": 375})
    assert set(trials_table(small)["n_train"]) == {375}


def test_a_round_names_its_best_trial_and_why_it_looks_there():
    results = study()
    trials, rounds = trials_table(results), rounds_table(results)
    for number, row in zip(rounds["round"], rounds.itertuples(), strict=True):
        mine = trials[(trials["round"] == number) & (trials["state"] != "failed")]
        best = mine.loc[mine["validation_accuracy"].idxmax()]
        assert row.best_trial == best["trial"]
        assert row.best_validation_accuracy == best["validation_accuracy"]
        assert row.complete + row.stopped + row.failed == row.trials
        assert row.why == "; ".join(results.rounds[number - 1].why)


def test_the_race_lists_the_good_values_and_then_who_left_with_the_mean_of_the_runs_that_it_had():
    results = study(definition(rounds=(5,), final={"good_values": 5}))
    table = race_table(results)
    good = table[table["good"]]
    assert good["trial"].tolist() == [value.trial for value in results.good]
    assert good["race_accuracy"].tolist() == [value.race for value in results.good]
    assert 0 < len(good) < len(table) == 5
    for row in table.itertuples():
        own = [run.score for run in results.runs if run.stage == "race" and run.source_trial == row.trial]
        assert (row.runs, row.race_accuracy) == (len(own), pytest.approx(sum(own) / len(own)))
    assert table["worse"].is_monotonic_increasing


def test_good_values_show_the_score_of_the_confirmation_and_not_of_the_search():
    results = study()
    table = good_values_table(results)
    assert len(table) == len(results.good) >= 1
    assert table["validation_accuracy"].tolist() == [good.confirmed.mean for good in results.good]
    assert table["search_accuracy"].tolist() == [good.search_score for good in results.good]
    assert (table["ci_low"] < table["validation_accuracy"]).all()


def test_a_value_at_the_end_of_its_limits_is_named():
    narrow = {"learning_rate": {"log": True, "start": [1e-6, 1e-2]}, "dropout": {"start": [0.0, 0.5]}}
    table = good_values_table(study(definition(narrow)))
    assert table["at_boundary"].str.contains("learning_rate").all()


def test_evaluations_list_the_winner_first_and_what_was_tried_around_it_last():
    results = study(definition(ONE, training={"weight_decay": 1e-4}))
    table = evaluations_table(results)
    assert table["stage"].tolist()[-9:] == ["plain"] * 3 + ["probe_lower"] * 3 + ["probe_higher"] * 3
    assert table["rank"].tolist()[:3] == [1, 1, 1]
    assert table["rank"].isna().sum() == 9
    probes = table["stage"].str.startswith("probe")
    assert (table["test_accuracy"].isna() == probes).all()
    assert table.loc[probes, ["train_accuracy", "validation_accuracy", "n_train"]].notna().all(axis=None)
    assert table["run"].tolist()[:3] == [0, 1, 2]
    assert (table["gap"] - (table["train_accuracy"] - table["test_accuracy"])).abs().max() < 1e-12
    scaled, plain = (table["weight_decay"][table["stage"] == stage].iloc[0] for stage in ("full", "plain"))
    assert plain / scaled == pytest.approx(50_000 / 500)


def test_evaluations_show_a_weight_decay_that_is_scaled_though_not_searched():
    table = evaluations_table(study(definition(ONE, training={"weight_decay": 1e-4})))
    assert table["weight_decay"][table["stage"] == "plain"].iloc[0] == 1e-4
    assert table["weight_decay"].iloc[0] == pytest.approx(1e-4 * 500 / 50_000)


def test_evaluations_show_a_learning_rate_that_is_probed_though_not_searched():
    table = evaluations_table(study(definition(NO_NUMBER, training={"learning_rate": 0.1})))
    rates = table.groupby("stage")["learning_rate"].agg(["min", "max"])
    assert rates.loc[["full", "probe_lower", "probe_higher"]].to_numpy().tolist() == [[0.1] * 2, [0.05] * 2, [0.2] * 2]


def test_a_failed_run_is_missing_its_accuracies_and_says_why():
    results = study()
    full = results.full[0]
    broken = replace(full.runs[0], test_accuracy=None, reason="MemoryError: too large", n_train=0)
    table = evaluations_table(replace(results, full=[replace(full, runs=(broken, *full.runs[1:]))]))
    assert table.loc[0, ["test_accuracy", "train_accuracy", "gap", "n_train"]].isna().all()
    assert table.loc[0, "reason"] == "MemoryError: too large"


def test_curves_have_every_point_of_the_search_and_then_those_of_the_final_part():
    results = study()
    run = results.runs[0]
    results = replace(results, curves={**results.curves, run.id: results.curves[results.queued[0].id]})
    table = curves_table(results)
    assert len(table) == sum(len(curve.points) for curve in results.curves.values())
    assert table["stage"].iloc[0] == "search"
    assert table["stage"].iloc[-1] == run.stage
    assert (table["run"].isna() == (table["stage"] == "search")).all()
    last = table[table["stage"] == "search"].groupby(["trial", "group"], sort=False).last()
    seconds = last.groupby("trial", sort=False)["seconds"].sum()
    trials = trials_table(results).set_index("trial")["seconds"]
    pd.testing.assert_series_equal(seconds, trials[seconds.index])


def test_the_ledger_names_the_run_of_every_opening():
    results = study()
    table = ledger_table(results)
    assert len(table) == len(results.ledger) > 0
    tested = {run.number for run in results.runs if run.test_accuracy is not None}
    assert set(table["trial"]) == tested
    assert set(table["stage"]) <= {"full", "plain", "adopted"}


def test_an_opening_by_a_run_that_is_not_over_is_in_the_ledger_all_the_same():
    results = study()
    table = ledger_table(replace(results, runs=[], full=[]))
    assert len(table) == len(results.ledger)
    assert table["trial"].isna().all()
    assert table["purpose"].notna().all()


def test_importances_share_out_what_sets_the_best_apart_and_are_missing_where_there_are_too_few_trials():
    assert relevance_table(study())["importance"].sum() == pytest.approx(1)
    assert relevance_table(just_begun())["importance"].isna().all()
