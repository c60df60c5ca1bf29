"""Whatever shows what to use shows the same values: files, sentences, tables, the page, the dashboard and Python."""

from __future__ import annotations

import io
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from hpo.definition.study import StudyDefinition
from hpo.record.results import StudyResults
from hpo.reports.dashboard.pages import pages
from hpo.reports.facts.facts import facts_of, settings_of
from hpo.reports.files import report_files
from hpo.reports.page.page import report_html
from hpo.reports.page.search import search_page
from hpo.reports.sheets.all_data import all_data_sheet
from hpo.reports.sheets.good_values import good_values_sheet
from hpo.reports.terminal.search import conclusion_panel, full_panel, good_values_panel, next_panel
from hpo.reports.words.formatting import value_text
from hpo.reports.words.no_effect import values_with_effect
from hpo.reports.words.numbers import score_text
from hpo.reports.words.summary import summary
from hpo.reports.words.verdict import verdict
from hpo.searching.metric import ACCURACY
from hpo.study import Study
from tests.support.results import DATA, LEARNING_RATE, ONE, TWO, definition, study

HIDDEN = {"hidden": {"choices": [[50], [100, 100]]}}
FOUR = TWO | {"batch_size": {"type": "int", "start": [10, 100]}, "dropout": {"start": [0.0, 0.5]}}
TABLES = {"how": {"choices": [{"optimizer": "sgd", "weight_decay": 0.0}, {"optimizer": "momentum", "momentum": 0.8}]}}
FIVE = {"good_values": 5}


def bounded(of: StudyDefinition) -> StudyDefinition:
    return replace(of, search=replace(of.search, max_gap=0.2))


STUDIES = {
    "two hyperparameters": study,
    "four hyperparameters": lambda: study(definition(FOUR, rounds=(14, 14))),
    "several good values": lambda: study(definition(rounds=(5,), final=FIVE)),
    "a changed weight decay": lambda: study(definition(ONE, training={"weight_decay": 1e-4})),
    "a weight decay that was put back": lambda: study(
        definition(HIDDEN, training={"learning_rate": 0.1, "weight_decay": 1e-3}), plain_gain=0.03
    ),
    "an adopted probe": lambda: study(definition(HIDDEN, training={"learning_rate": 0.03})),
    "a guard": lambda: study(bounded(definition(ONE, training={"weight_decay": 1e-4}))),
    "one good value": lambda: study(definition(final={"good_values": 1})),
    "a choice of several settings": lambda: study(definition({"learning_rate": LEARNING_RATE, **TABLES})),
    "confirmed alone": lambda: without_all_data(study(definition(rounds=(5,), final=FIVE))),
}


def without_all_data(results: StudyResults) -> StudyResults:
    return replace(results, full=[], state="running")


@cache
def found(name: str) -> StudyResults:
    return STUDIES[name]()


@cache
def files(name: str) -> Mapping[str, bytes]:
    return report_files(found(name), ["csv", "json"])


def use(name: str) -> dict[str, Any]:
    values = facts_of(found(name)).use
    assert values is not None
    return dict(values)


def printed(renderable: Any) -> str:
    file = io.StringIO()
    Console(file=file, width=200, highlight=False).print(renderable)
    return " ".join(file.getvalue().split())


every = pytest.mark.parametrize("name", STUDIES)


@every
def test_a_program_reads_the_values_of_the_recommended_config_from_toml_and_json(name: str) -> None:
    read = tomllib.loads(files(name)["use.toml"].decode())
    assert read == json.loads(files(name)["use.json"])
    assert read["use"] == use(name) == Study(found(name)).use
    score = facts_of(found(name)).recommended.score
    assert (read["score"], read["runs"]) == (score.mean, score.runs)
    assert (read["low"], read["high"]) == Study(found(name)).interval == (score.low, score.high)
    assert read["metric"] == ("validation accuracy" if name == "confirmed alone" else "test accuracy")


@every
def test_row_1_of_the_good_values_is_the_recommended_config(name: str) -> None:
    table = pd.read_csv(io.BytesIO(files(name)["good_values.csv"]))
    first = table.iloc[0]
    assert json.loads(first["use"]) == use(name)
    assert table["use"].notna().tolist() == [True] + [False] * (len(table) - 1)
    recommended = facts_of(found(name)).recommended
    assert first["trial"] == recommended.trial
    row = json.loads(files(name)["good_values.json"])["data"][0]
    assert json.loads(row["use"]) == use(name)
    searched = settings_of({each: row[each] for each in found(name).definition.space.hyperparameters})
    for each, value in use(name).items():
        if each in searched and searched[each] != value:
            assert f"{each} {value_text(searched[each])} -> {value_text(value)}: " in first["changes"]


@every
def test_the_verdict_the_terminal_and_the_table_of_studies_name_its_values(name: str) -> None:
    results = found(name)
    recommended = facts_of(results).recommended
    assert recommended.config is not None
    for each, value in values_with_effect(results, recommended.config).items():
        said = f"{each} = {value_text(value)}"
        assert said in verdict(results)
        assert said in printed(conclusion_panel(results))
        assert said in summary(results).values
    assert score_text(ACCURACY, recommended.score.mean) in verdict(results)


@every
def test_the_first_row_of_every_table_is_its_row_and_alone_stands_out(name: str) -> None:
    results = found(name)
    good = good_values_sheet(results)
    assert good.strong == [0]
    config = facts_of(results).recommended.config or {}
    for cell, each in zip(good.rows[0].values, results.definition.space.hyperparameters, strict=True):
        assert cell.split(" -> ")[-1] == value_text(config[each])
    trained = all_data_sheet(results)
    if results.full:
        assert trained.strong == [0]
        assert trained.rows[0].mark == "*"
        assert list(trained.rows[0].values) == [value_text(value) for value in config.values()]
        assert trained.rows[0].trial == good.rows[0].trial


@every
def test_every_changed_value_is_explained_wherever_it_is_shown(name: str) -> None:
    results = found(name)
    page = re.sub(r"<.*?>", "", report_html([results], drawn=[]))
    (note, *_) = pages(results, {results.definition.name: 2, f"{results.definition.name}-final": 1}, ())
    for change in facts_of(results).recommended.changes:
        assert change.why in " ".join(good_values_sheet(results).notes)
        assert change.why in printed(good_values_panel(results))
        assert change.why in printed(full_panel(results, tried=False))
        assert change.why in " ".join(page.replace("&gt;", ">").split())
        assert change.why.replace("_", "\\_") in note.note


@every
def test_the_page_and_the_dashboard_show_the_same_values_to_copy(name: str) -> None:
    results = found(name)
    sections = {section.anchor: section for section in search_page(results, []).sections}
    (code,) = [block for block in sections["use"].blocks if getattr(block, "label", "") == "The values, to copy"]
    copied = tomllib.loads(code.text)
    assert {each: value_text(value) for each, value in copied.items()} == {
        each: value_text(value) for each, value in use(name).items()
    }
    search, final = pages(results, {results.definition.name: 2, f"{results.definition.name}-final": 1}, ())
    recommended = facts_of(results).recommended
    (trial_id,) = [trial.id for trial in results.queued if trial.number == recommended.trial]
    assert "Recommended: " in search.trial_notes[trial_id]
    assert sum("Recommended: " in note for note in search.trial_notes.values()) == 1
    if results.full:
        starred = [line for line in final.note.splitlines() if line.startswith("| \\* |")]
        assert len(starred) == 1
        assert score_text(ACCURACY, recommended.score.mean) in starred[0]


def test_the_guard_prefers_the_smaller_gap_only_among_ties_within_the_bound() -> None:
    results = found("a guard")
    assert len(results.good) > 1
    assert results.full[0].source == results.good[0].key == facts_of(results).recommended.key


NONE = {
    "at chance": lambda: replace(study(), data=DATA | {"chance": 0.985}),
    "all alike": lambda: replace(
        study(finish=False), trials=[replace(trial, score=0.3) for trial in study(finish=False).trials]
    ),
    "all failed": lambda: replace(
        study(finish=False), trials=[replace(trial, score=0.0, failed=True) for trial in study(finish=False).trials]
    ),
}


@pytest.mark.parametrize("name", NONE)
def test_where_nothing_was_learnt_nothing_is_recommended_anywhere(name: str) -> None:
    results = NONE[name]()
    written = report_files(results, ["csv"])
    read = tomllib.loads(written["use.toml"].decode())
    assert read == json.loads(written["use.json"])
    assert read["recommended"] is False
    assert "use" not in read
    assert read["try"]
    assert Study(results).use is None
    assert all(math.isnan(end) or end >= 0 for end in Study(results).interval)
    assert "use" not in pd.read_csv(io.BytesIO(written["good_values.csv"])).dropna(axis=1, how="all")
    (note, *_) = pages(results, {results.definition.name: 2, f"{results.definition.name}-final": 1}, ())
    shown = [verdict(results), printed(conclusion_panel(results)), report_html([results], drawn=[]), note.note]
    for text in shown:
        assert "o value is recommended" in text
        assert not re.search(r"\bUse [a-z_\\]+ = ", text)
    assert good_values_sheet(results).strong == all_data_sheet(results).strong == []
    assert printed(next_panel(results)) == ""
