"""A study in Python: the values to use, and what is known of them, from the database alone."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hpo.record.results import StudyResults
from hpo.storage.errors import UserError
from hpo.study import Study, open_study, run_study
from tests.support.comparison_results import comparison
from tests.support.databases import open_study as open_small
from tests.support.databases import run_to_the_end
from tests.support.results import study
from tests.support.searches import Search


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("study") / "hpo.db"
    with open_small(path) as opened:
        run_to_the_end(opened)
    return f"sqlite:///{path}"


def test_a_study_is_opened_by_its_name_or_as_the_only_one(url: str) -> None:
    opened = open_study("small", url)
    assert (opened.name, opened.done) == ("small", True)
    assert open_study(storage=url).use == opened.use
    assert "small: done" in repr(opened)
    with pytest.raises(UserError, match="no study named 'gone'"):
        open_study("gone", url)


def test_it_says_what_to_use_and_how_sure_that_is(url: str, tmp_path: Path) -> None:
    opened = open_study("small", url)
    assert opened.use is not None
    assert {"learning_rate", "weight_decay"} <= opened.use.keys()
    assert opened.verdict.startswith("Use learning_rate = ")
    assert (opened.recommended.where, opened.recommended.score.runs) == ("test", 1)
    assert all(map(math.isnan, opened.interval)), "one seed has no interval"
    assert opened.good_values["rank"].iloc[0] == 1
    page = opened.report(tmp_path / "new" / "report.html")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_values_are_those_of_the_settings_and_nobody_else_holds_them() -> None:
    results: StudyResults = study()
    values = Study(results).use
    assert values is not None
    values["learning_rate"] = 0.0
    assert Study(results).use != values


def test_a_comparison_recommends_nothing_and_says_so() -> None:
    compared = Study(comparison())
    assert "validation loss" in compared.verdict
    with pytest.raises(UserError, match="is a comparison"):
        compared.use  # noqa: B018


def test_a_study_run_from_python_ends_as_the_command_does(undisturbed: Search, tmp_path: Path, blobs: Path) -> None:
    search = Search(tmp_path / "again", blobs)
    said: list[str] = []
    done = run_study(str(search.study), search.url, workers=1, announce=said.append)
    assert (done.name, done.done) == ("blob", True)
    assert any(line.startswith("round 1 of") for line in said)
    assert done.good_values.equals(open_study("blob", undisturbed.url).good_values)
    assert run_study(str(search.study), search.url, workers=1, announce=said.append).use == done.use
