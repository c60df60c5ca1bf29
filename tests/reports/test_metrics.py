"""The same trials scored by metrics of opposite directions, through every output: units, order and words follow."""

from __future__ import annotations

import html
import io
import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from rich.console import Console

from hpo.record.results import StudyResults
from hpo.reports.dashboard.pages import pages
from hpo.reports.dashboard.study_note import final_name
from hpo.reports.facts.facts import facts_of
from hpo.reports.figures.drawn import drawn_figures
from hpo.reports.figures.history import history_figure
from hpo.reports.files import report_files, side_by_side_files, tables_of
from hpo.reports.sheets.good_values import good_values_sheet
from hpo.reports.tables.studies import studies_table
from hpo.reports.terminal.search import ending
from hpo.reports.use import use_toml
from hpo.reports.words.verdict import conclusion, verdict
from hpo.study import Study
from hpo.web.findings import finding_of
from tests.support import comparison_results, results
from tests.support.metrics import AUC, ERRORS, REWARD, RMSE, TINY, Line, in_metric

LINES = {"rmse": RMSE, "mse": TINY, "auc": AUC, "reward": REWARD}
"""Metrics that are no shares: in both directions, with values of 50 to 80, around 1e-4, of 0 to 1, and below zero."""

STUDIES = {
    "done": results.study,
    "one hyperparameter": lambda: results.study(results.definition(results.ONE)),
    "choices": lambda: results.study(results.definition(results.NO_NUMBER)),
    "running": lambda: results.study(finish=False, unfinished=3),
    "begun": results.just_begun,
    "comparison": comparison_results.comparison,
    "grid": lambda: comparison_results.comparison(
        comparison_results.definition(comparison_results.GRID, figure="grid", seeds=2),
        comparison_results.grid_accuracies,
    ),
}


@cache
def base(study: str) -> StudyResults:
    return STUDIES[study]()


@cache
def scored(study: str, metric: str) -> StudyResults:
    return in_metric(base(study), LINES[metric])


def texts(found: StudyResults) -> Iterator[tuple[str, str]]:
    """Yield everything that people read of a study, with the name of where."""
    for path, content in report_files(found, ("csv", "json", "md", "html")).items():
        if path != "study.toml":  # the definition, as its user wrote it
            text = content.decode()
            readable = re.sub(r"<style.*?</style>|<path[^>]*>|<[^>]*>", " ", text, flags=re.DOTALL)
            yield path, html.unescape(readable if path.endswith(".html") else text)
    for drawn in drawn_figures(found):
        words = [str(each.get_text()) for each in drawn.figure.findobj(Text)]
        yield f"figure {drawn.name}", "\n".join([drawn.heading, drawn.alt, *words])
    screen = io.StringIO()
    console = Console(file=screen, width=200)
    for part in [*ending(found), *ending(found, whole=True)]:
        console.print(part)
    yield "terminal", f"{screen.getvalue()}\n{verdict(found)}"
    ids = {found.definition.name: 2, final_name(found): 1}
    for page in pages(found, ids, []):
        yield "note", page.note
        yield "notes of trials", "\n".join(page.trial_notes.values())
        yield "figures of the dashboard", json.dumps(page.figures, ensure_ascii=False)
    yield "start page", finding_of(found).conclusion


OTHER_PERCENTS = (
    r"\b90 %",
    r"\d+ % of (its|cases)[^.;)]*",
    r"after \d+ %",
    r"(stopped )?at \d+ %",
    r"by [\d.e-]+ % at most",
    r"trains to %",
    r"importance[^.]*%",
    r"\d+ %, (an|no) effect",
    r"\d+ %(?=\s*(\n|$|;|,|\.))",
)
"""Percents that are no scores: of confidence, of a training, of importance."""


@pytest.mark.parametrize(
    ("study", "metric"),
    [
        *(("done", metric) for metric in LINES),
        ("one hyperparameter", "rmse"),
        ("choices", "auc"),
        ("running", "mse"),
        ("begun", "rmse"),
        ("comparison", "reward"),
        ("grid", "rmse"),
    ],
)
def test_what_is_no_share_is_never_called_an_accuracy_nor_given_in_percent_or_points(study, metric):
    for where, text in texts(scored(study, metric)):
        assert "accurac" not in text.lower(), (where, _around(text, "accurac"))
        assert not re.search(r"\bpoints\b", text), (where, _around(text, "points"))
        if where.startswith("figure importance"):
            continue
        rest = text
        for pattern in OTHER_PERCENTS:
            rest = re.sub(rf"(?<![\d.]){pattern}", "", rest)
        rest = re.sub(r"%\{[xy]:[^}]*\}|%\{text\}", "", rest)  # how plotly is to write a number
        left = [line for line in rest.splitlines() if "%" in line and "importance" not in line]
        assert not left or where == "report.html", (where, left[:3])


def _around(text: str, word: str) -> str:
    at = text.lower().index(word)
    return text[max(0, at - 80) : at + 80]


@pytest.mark.parametrize("metric", LINES)
@pytest.mark.parametrize("study", ["done", "running", "comparison"])
def test_tables_hold_values_of_the_metric_and_are_called_after_it(study, metric):
    line = LINES[metric]
    ours, theirs = scored(study, metric), base(study)
    for name, table in tables_of(ours).items():
        found, of_accuracy = table(ours), table(theirs)
        assert len(found) == len(of_accuracy)
        for column in of_accuracy.columns:
            if column.endswith("_loss") or column == "changes":
                continue
            if column.endswith("_accuracy"):
                expected = line.value(of_accuracy[column])
                assert_close(found[column.replace("accuracy", line.metric.name)], expected, (name, column))
            elif column == "gap" or column.startswith("gap_"):
                assert_close(found[column], line.difference(of_accuracy[column]), (name, column))
            elif column.startswith("best_corrected"):
                assert found[column].isna().all()  # nobody says which examples were right
            elif re.search(r"_?(low|high)$", column) and name != "relevance" and not _of_a_box(theirs, column):
                other = column if line.metric.maximized else _swapped(column)
                assert_close(found[column], line.value(of_accuracy[other]), (name, column))


def _of_a_box(of: StudyResults, column: str) -> bool:
    return any(column.startswith(name) for name in of.definition.space.hyperparameters)


def _swapped(column: str) -> str:
    return column.replace("low", "HIGH").replace("high", "low").replace("HIGH", "high")


def assert_close(found: pd.Series, expected: pd.Series, what: object) -> None:
    a, b = (np.asarray(each, dtype=np.float64) for each in (found, expected))
    assert np.allclose(a, b, rtol=1e-9, atol=1e-15, equal_nan=True), what


@pytest.mark.parametrize("metric", LINES)
def test_the_best_stands_first_and_is_recommended_whichever_direction_is_better(metric):
    ours, theirs = scored("one hyperparameter", metric), base("one hyperparameter")
    assert facts_of(ours).use == facts_of(theirs).use
    assert [row.trial for row in good_values_sheet(ours).rows] == [row.trial for row in good_values_sheet(theirs).rows]
    trials = tables_of(ours)["trials"](ours)
    best = trials[trials["rank"] == 1].iloc[0]
    values = trials.dropna(subset=["rank"])[f"validation_{metric}"]
    assert best[f"validation_{metric}"] == (values.max() if LINES[metric].metric.maximized else values.min())


@pytest.mark.parametrize("metric", LINES)
def test_the_best_so_far_falls_where_less_is_better(metric):
    figure = history_figure(scored("done", metric))
    assert figure is not None
    (line,) = (each for each in figure.axes[0].get_lines() if len(each.get_ydata()) > 2)
    steps = np.diff(np.asarray(line.get_ydata(), dtype=np.float64))
    assert (steps >= 0).all() if LINES[metric].metric.maximized else (steps <= 0).all()
    assert (steps != 0).any()
    low, high = figure.axes[0].get_ylim()
    assert low < high  # no axis is upside down


@pytest.mark.parametrize(("metric", "value"), [("rmse", "rmse 50.78"), ("mse", "mse 1.49e-05"), ("auc", "auc 0.987")])
def test_the_conclusion_names_the_metric_with_as_many_digits_as_its_interval_asks_for(metric, value):
    assert f": {value}" in conclusion(scored("done", metric))
    assert re.search(r"90 % interval: \S+ to \S+, 3 seeds", conclusion(scored("done", metric)))


@pytest.mark.parametrize("metric", LINES)
def test_what_to_use_has_the_value_its_interval_and_its_direction(metric):
    line, ours = LINES[metric], scored("done", metric)
    record, of_accuracy = (tomllib.loads(use_toml(each).decode()) for each in (ours, base("done")))
    assert record["metric"] == f"test {metric}"
    assert record["direction"] == line.metric.direction
    assert record["score"] == pytest.approx(line.value(of_accuracy["score"]))
    ends = sorted((line.value(of_accuracy["low"]), line.value(of_accuracy["high"])))
    assert [record["low"], record["high"]] == pytest.approx(ends)
    assert record["low"] <= record["score"] <= record["high"]
    assert record[f"validation_{metric}"] == pytest.approx(line.value(of_accuracy["validation_accuracy"]))
    assert record["use"] == of_accuracy["use"]


@pytest.mark.parametrize("metric", LINES)
def test_a_study_in_python_speaks_in_values(metric):
    study, record = Study(scored("done", metric)), tomllib.loads(use_toml(scored("done", metric)).decode())
    assert study.interval == pytest.approx((record["low"], record["high"]))
    assert study.recommended.score.mean == pytest.approx(record["score"])
    assert list(study.good_values[f"validation_{metric}"])


def test_an_error_rate_is_a_share_in_percent_and_less_of_it_is_better():
    ours = in_metric(base("done"), ERRORS, hits=True)
    text = verdict(ours)
    assert re.search(r"error_rate \d\.\d % on the test set \(90 % interval: \d\.\d to \d\.\d, 3 seeds\)", text)
    assert "The search's best error_rate was" in text
    assert "accurac" not in text


def test_the_luck_of_an_error_rate_is_that_of_its_accuracy():
    from hpo.reports.facts.luck import best_so_far  # noqa: PLC0415

    ours, theirs = best_so_far(in_metric(base("done"), ERRORS, hits=True)), best_so_far(base("done"))
    assert [each.luck for each in ours] == pytest.approx([each.luck for each in theirs])


def test_studies_of_different_metrics_stand_side_by_side_without_being_compared():
    studies = [base("done"), scored("done", "rmse")]
    table = studies_table(studies)
    assert list(table["metric"]) == ["accuracy", "rmse"]
    assert table["validation"].iloc[1] > 50
    page = side_by_side_files(studies, ("html",))["report.html"].decode()
    assert "They are scored by different metrics, so their values cannot be compared" in page


def test_studies_of_one_metric_stand_side_by_side_in_its_units():
    studies = [scored("done", "rmse"), scored("running", "rmse")]
    assert {"validation_rmse", "test_rmse"} <= set(studies_table(studies).columns)
    files = side_by_side_files(studies, ("html", "csv"))
    text = re.sub(r"<style.*?</style>|<[^>]*>", " ", files["report.html"].decode(), flags=re.DOTALL)
    assert "accurac" not in text.lower()
    assert "points" not in text


@pytest.mark.parametrize("line", [RMSE, TINY, AUC, REWARD, ERRORS], ids=lambda line: line.metric.name)
def test_a_worse_probe_is_told_in_the_direction_of_the_metric(line: Line):
    text = verdict(in_metric(base("done"), line))
    assert f"alving the learning rate {'lowered' if line.metric.maximized else 'raised'} validation" in text
