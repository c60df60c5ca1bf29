"""A hyperparameter without an effect is marked where it is listed, left out of every conclusion, and told."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from hpo.reports.tables.search import good_values_table, relevance_table
from hpo.reports.terminal.search import full_panel, good_values_panel
from hpo.reports.words.no_effect import boundaries_with_effect, names_without_effect, no_effect_note, values_with_effect
from hpo.reports.words.verdict import verdict
from hpo.searching.relevance import Relevance
from hpo.searching.space import Interval
from tests.support.results import MIXED, definition, just_begun, study

FOUND = {
    "learning_rate": Relevance("learning_rate", Interval(1e-6, 1.0), 60, 0.002, "relevant"),
    "batch_size": Relevance("batch_size", Interval(5, 500), 60, 0.612, "no effect detected"),
    "activation": Relevance("activation", ("relu", "sigmoid"), 60, 1.0, "no effect detected"),
    "hidden": Relevance("hidden", ("[100, 100]",), 60, float("nan"), "too few trials to tell"),
    "dropout": Relevance("dropout", Interval(0.0, 0.5), 60, 0.04, "relevant"),
}
MARKED = {"batch_size", "activation"}


def told(of, finish=True):
    return replace(study(of, finish=finish), relevance=list(FOUND.values()))


FINISHED, RUNNING = told(definition(MIXED)), told(definition(MIXED), finish=False)
TINY_DECAY = {
    "learning_rate": {"log": True, "start": [1e-3, 1e-1]},
    "weight_decay": {"log": True, "start": [1e-8, 1e-6]},
}


def printed(renderable):
    file = io.StringIO()
    Console(file=file, width=80, highlight=False).print(renderable)
    return " ".join(file.getvalue().split())


def test_the_sentences_say_where_it_was_looked_for_how_often_and_how_sure_it_is():
    assert no_effect_note(FINISHED) == [
        "No effect of batch_size detected over 5 .. 500 in 60 trials (p = 0.61): treat its value as arbitrary.",
        "No effect of activation detected among relu, sigmoid in 60 trials (p = 1): treat its value as arbitrary.",
    ]


@pytest.mark.parametrize("results", [FINISHED, replace(FINISHED, full=[]), RUNNING], ids=["done", "good", "running"])
def test_a_conclusion_names_what_matters_and_says_what_does_not(results):
    text = verdict(results)
    for name in FOUND:
        assert (f"{name} = " in text) is (name not in MARKED)
    for note in no_effect_note(results):
        assert note in text


@pytest.mark.parametrize("panel", [good_values_panel, full_panel])
def test_the_tables_keep_it_with_a_mark_that_is_explained(panel):
    text = printed(panel(FINISHED))
    for name in FOUND:
        assert (f"~{name}" in text) is (name in MARKED)
    assert "~: no effect detected, so treat the value as arbitrary." in text
    nothing = printed(panel(replace(FINISHED, relevance=[])))
    assert "~" not in nothing


def test_the_files_keep_its_values_and_relevance_csv_says_what_they_are_worth():
    assert set(good_values_table(FINISHED).columns) >= MARKED
    table = relevance_table(FINISHED).set_index("name")
    assert table["verdict"].to_dict() == {name: each.verdict for name, each in FOUND.items()}
    assert table.loc["batch_size", ["low", "high"]].tolist() == [5, 500]
    assert table.loc["activation", "choices"] == "relu, sigmoid"
    assert table.loc["hidden", ["low", "high", "p"]].isna().all()


def test_before_the_first_trial_nothing_is_told():
    results = just_begun(definition(MIXED))
    assert no_effect_note(results) == []
    assert set(relevance_table(results)["verdict"]) == {"too few trials to tell"}


def test_the_boundary_of_what_has_no_effect_is_not_worth_moving():
    assert boundaries_with_effect(FINISHED, ["learning_rate", "batch_size"]) == ["learning_rate"]


def test_where_nothing_has_an_effect_the_config_stays_whole():
    results = replace(FINISHED, relevance=[replace(each, verdict="no effect detected") for each in FOUND.values()])
    config = results.good[0].config
    assert values_with_effect(results, config) == config
    assert len(no_effect_note(results)) == len(config)


@pytest.mark.parametrize(
    ("p", "outcome", "seen"),
    [
        (
            0.612,
            "no effect detected",
            "at most. No effect of it was detected over 1e-08 .. 1e-06 in 60 trials (p = 0.61). Zero",
        ),
        (0.004, "relevant", "at most. Zero will do as well"),
        (float("nan"), "too few trials to tell", "at most. Zero will do as well"),
    ],
)
def test_a_decay_that_shrinks_no_weight_has_one_sentence_whatever_its_trials_show(p, outcome, seen):
    found = Relevance("weight_decay", Interval(1e-8, 1e-6), 60, p, outcome)
    results = replace(study(definition(TINY_DECAY)), relevance=[found])
    (note,) = no_effect_note(results)
    assert note.startswith("The good values of weight_decay are too small to matter: ")
    assert seen in note
    assert names_without_effect(results) == ["weight_decay"]
