"""Every output of a search whose configs have different hyperparameters: what is not active is shown as that."""

import json
import tomllib

import pytest

from hpo.record.results import StudyResults
from hpo.reports.dashboard.boxes import boxes
from hpo.reports.dashboard.hyperparameters import hyperparameters
from hpo.reports.dashboard.pages import pages
from hpo.reports.facts.facts import facts_of
from hpo.reports.files import report_files
from hpo.reports.kinds import FORMATS
from hpo.reports.sheets.all_data import all_data_sheet
from hpo.reports.sheets.good_values import good_values_sheet
from hpo.reports.sheets.rounds import rounds_sheet
from hpo.reports.tables.search import trials_table
from hpo.reports.use import use_json, use_toml
from hpo.reports.words.formatting import region_text, value_text
from hpo.reports.words.no_effect import values_with_effect
from tests.support.results import LEARNING_RATE, definition, study

IDS = {"mnist_wd": 2, "mnist_wd-final": 1}
SPACE = {
    "require": ["weight_decay <= learning_rate"],
    "learning_rate": LEARNING_RATE | {"prior": 0.003},
    "optimizer": {"choices": ["sgd", "momentum", "adam"]},
    "momentum": {"start": [0.5, 0.9], "limits": [0.0, 0.9], "step": 0.1, "when": {"optimizer": ["momentum"]}},
    "weight_decay": {"log": True, "start": [1e-8, 1e-4], "limits": [1e-8, 1.0], "when": {"optimizer": ["sgd"]}},
    "batch_size": {"value": 64},
}
NO_NUMBER_IN_ALL = {
    "optimizer": {"choices": ["momentum", "adam"]},
    "learning_rate": LEARNING_RATE | {"when": {"optimizer": ["adam"]}},
    "momentum": {"start": [0.5, 0.9], "when": {"optimizer": ["momentum"]}},
}


@pytest.fixture(scope="module", params=[SPACE, NO_NUMBER_IN_ALL], ids=["some conditional", "all numbers conditional"])
def results(request) -> StudyResults:
    return study(definition(request.param))


def test_every_file_of_the_report_is_written(results):
    assert len(report_files(results, FORMATS)) > 10


def test_tables_miss_what_is_not_active(results):
    trials = trials_table(results)
    for name, conditions in results.definition.space.conditions.items():
        ((parent, values),) = conditions.items()
        active = trials[parent].isin(values)
        assert active.any()
        assert (trials[name].notna() == active).all()


def test_rows_have_a_cell_for_each_head_and_a_dash_for_what_is_not_active(results):
    for sheet in (rounds_sheet(results), good_values_sheet(results), all_data_sheet(results)):
        assert {len(line) for line in sheet.lines} == {len(sheet.head)}
    inactive = [good for good in results.good if "momentum" not in good.config]
    cells = {row.trial: row.values for row in good_values_sheet(results).rows}
    place = list(results.definition.space.hyperparameters).index("momentum")
    assert all(cells[good.trial][place] == "-" for good in inactive)


def test_the_dashboard_draws_those_that_have_a_place(results):
    made = hyperparameters(results)
    assert made is not None
    boxes(results)
    assert pages(results, IDS, ())


def test_what_is_fixed_required_and_believed_is_said_beside_the_rounds_and_fixed_values_are_used():
    results = study(definition(SPACE))
    assert rounds_sheet(results).notes == [
        "Fixed: batch_size = 64.",
        "momentum is searched where optimizer is momentum.",
        "weight_decay is searched where optimizer is sgd.",
        "Required: weight_decay <= learning_rate.",
        "Believed good: learning_rate = 0.003.",
    ]
    use = facts_of(results).use
    assert use is not None
    assert use["batch_size"] == 64


def test_what_another_value_hangs_on_is_said_with_it_even_if_it_shows_no_effect(monkeypatch):
    results = study(definition(SPACE))
    monkeypatch.setattr("hpo.reports.words.no_effect.names_without_effect", lambda _: ["optimizer"])
    config = {"learning_rate": 0.1, "optimizer": "momentum", "momentum": 0.9}
    assert values_with_effect(results, config) == config
    assert values_with_effect(results, {"learning_rate": 0.1, "optimizer": "adam"}) == {"learning_rate": 0.1}


def test_null_is_none_for_people_and_is_named_where_toml_has_no_word_for_it(monkeypatch):
    assert value_text(None) == "none"
    assert region_text((8, None)) == "8, none"
    results = study()  # our networks have nothing that may be null
    monkeypatch.setattr("hpo.reports.use.use_record", lambda _: {"use": {"depth": None, "learning_rate": 0.1}})
    assert json.loads(use_json(results)) == {"use": {"depth": None, "learning_rate": 0.1}}
    assert tomllib.loads(use_toml(results).decode()) == {"none": ["depth"], "use": {"learning_rate": 0.1}}
