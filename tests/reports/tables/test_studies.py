"""Several studies side by side: a row for each in table and figure, and a page that says what cannot be compared."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hpo.reports.figures.studies import studies_alt, studies_figure
from hpo.reports.files import report_files, side_by_side_files
from hpo.reports.page.page import report_html
from hpo.reports.tables.studies import studies_table
from tests.reports.page.test_page import Parsed
from tests.support import comparison_results as comparisons
from tests.support.results import STAND_IN, definition, just_begun, study


@pytest.fixture(scope="module")
def finished():
    return study(definition(rounds=(14,), name="하나"))


@pytest.fixture(scope="module")
def racing():
    return study(definition(rounds=(14,), name="two"), finish=False)


COMPARISON = comparisons.comparison()


def test_the_table_says_of_each_what_to_use_how_sure_and_what_it_took(finished, racing):
    table = studies_table([finished, racing, COMPARISON, just_begun()])
    assert list(table["study"]) == ["하나", "two", "book_overfit", "mnist_wd"]
    winner = finished.full[0]
    assert table["test_accuracy"][0] == winner.test.mean
    assert (table["ci_low"][0], table["ci_high"][0]) == (winner.test.low, winner.test.high)
    assert table["trainings"][0] == len(finished.queued) + len(finished.runs)
    assert table["training_seconds"][0] > sum(run.seconds for run in finished.runs)
    assert table["test_evaluations"][0] == len(finished.ledger)
    assert table["n_train"].isna().tolist() == [False, False, False, True]
    best = max(COMPARISON.compared, key=lambda each: each.validation.mean)
    assert table["test_accuracy"][2] == best.test.mean


def test_a_study_that_is_not_that_far_is_not_scored_by_what_chose_its_values(racing):
    (row,) = studies_table([racing]).to_dict("records")
    assert row["state"] == "running"
    assert row["values"] != "-"
    assert math.isnan(row["validation_accuracy"])
    assert math.isnan(row["test_accuracy"])


def test_the_figure_has_a_row_for_each_study_whose_test_accuracy_is_known(finished, racing):
    figure = studies_figure([finished, racing, COMPARISON])
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == ["하나", "book_overfit"]
    assert studies_alt([finished, racing]).startswith("Test accuracy of what each study says to use: 하나 ")
    assert studies_figure([racing]) is None


def test_the_page_warns_of_different_data_and_of_what_is_not_finished(finished, racing):
    other = replace(racing, source=STAND_IN | {"sha256": "other"})
    said = Parsed(report_html([finished, other], drawn=[])).said("found")
    assert "They are on different data, so their accuracies cannot be compared" in said
    assert "Not finished: two." in said
    alike = Parsed(report_html([finished, finished], drawn=[])).said("found")
    assert "different data" not in alike
    assert "Not finished" not in alike


def test_the_page_of_several_has_every_good_value_and_the_verdict_of_each(finished, racing):
    parsed = Parsed(report_html([finished, racing]))
    assert parsed.open == []
    assert parsed.said("good").count("하나") == len(finished.good)
    assert "Not finished: the best of 14 configs" in parsed.said("verdicts")
    assert "hpo report --study two" in parsed.said("again")


def test_several_get_one_table_one_figure_and_one_page(finished, racing):
    files = side_by_side_files([finished, racing], ["csv", "json", "html", "png"])
    assert set(files) == {"studies.csv", "studies.json", "figures/studies.png", "report.html"}
    assert "studies.csv" not in report_files(racing, ["csv"])
