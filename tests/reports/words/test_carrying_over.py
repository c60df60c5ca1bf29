import io
import math
import re
from dataclasses import replace

import pytest
from rich.console import Console

from hpo.proof.estimates import estimate_difference
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import trained_again
from hpo.reports.tables.search import evaluations_table
from hpo.reports.terminal.search import full_panel
from hpo.reports.words.carrying_over import carrying_note
from hpo.reports.words.verdict import verdict
from tests.support.results import ONE, definition, study

HIDDEN = {"hidden": {"choices": [[50], [100, 100]]}}

# The invented accuracy is a hill over the learning rate, with its top at .1.
AT_THE_TOP = study(definition(HIDDEN, training={"learning_rate": 0.1}))
BELOW = study(definition(HIDDEN, training={"learning_rate": 0.03}))
RESCALED = study(definition(ONE, training={"weight_decay": 1e-4}))
UNSCALED = study(definition(HIDDEN, training={"learning_rate": 0.1, "weight_decay": 1e-3}), plain_gain=0.03)


def rows(results: StudyResults) -> dict[str, list[str]]:
    """Return the cells of the panel's rows by their mark, as far as a row has one."""
    file = io.StringIO()
    Console(file=file, width=100, highlight=False).print(full_panel(results))
    lines = file.getvalue().split("*: recommended")[0].splitlines()
    marks = ("*", "as searched", "x 1/2", "x 2")
    return {mark: line.removeprefix(mark).split() for line in lines for mark in marks if line.startswith(mark + " ")}


def test_a_probe_that_was_not_taken_says_what_it_cost():
    (note,) = carrying_note(AT_THE_TOP)
    full = AT_THE_TOP.full[0]
    lost = [
        100 * (full.validation.mean - probe.validation.mean)
        for probe in sorted(AT_THE_TOP.full, key=lambda each: each.config.get("learning_rate", 0))
        if probe.stage.startswith("probe")
    ]
    assert note == (
        "Halving or doubling the learning rate lowered validation accuracy by "
        f"{lost[0]:.1f} and {lost[1]:.1f} points; it was kept."
    )
    assert note in verdict(AT_THE_TOP)
    assert full.stage == "full"


def test_its_row_has_no_test_accuracy_and_the_learning_rate_that_was_tried():
    found = rows(AT_THE_TOP)
    assert found.keys() == {"*", "x 1/2", "x 2"}
    assert "0.05" in found["x 1/2"]
    assert "0.2" in found["x 2"]
    for mark in ("x 1/2", "x 2"):
        assert found[mark].count("-") == 2, "test accuracy and gap"


def test_a_probe_that_was_taken_is_what_to_use():
    (note,) = carrying_note(BELOW)
    assert re.search(
        r"; doubling the learning rate raised validation accuracy by [.\d]+ points "
        r"\(90 % interval: [-+.\d]+ to [-+.\d]+\); the doubled one is used\.$",
        note,
    )
    assert "learning_rate = 0.06: " in verdict(BELOW)
    table = evaluations_table(BELOW)
    assert table["stage"].iloc[0] == "adopted"
    assert table["rank"].tolist()[:3] == [1, 1, 1]
    assert table["test_accuracy"].notna().tolist()[:3] == [True] * 3


def test_one_row_tells_of_what_was_taken_and_of_its_probe():
    assert trained_again(BELOW) in BELOW.full
    assert rows(BELOW).keys() == {"*", "x 1/2"}
    assert "0.06" in rows(BELOW)["*"]


def test_what_rescaling_was_worth_is_said_with_its_interval():
    note = carrying_note(RESCALED)[0]
    full = next(each for each in RESCALED.full if each.stage == "full")
    plain = next(each for each in RESCALED.full if each.plain)
    assert full.source == plain.source
    worth = estimate_difference(
        [a.test_accuracy - b.test_accuracy for a, b in zip(full.runs, plain.runs, strict=True)]  # type: ignore[operator]
    )
    assert note == (
        "Weight decay was divided by 100 for 100 times the images; test accuracy changed by "
        f"{100 * worth.mean:+.1f} points (90 % interval: {100 * worth.low:+.1f} to {100 * worth.high:+.1f})."
    )
    assert "as searched" in rows(RESCALED)


def test_plain_values_that_are_better_are_what_to_use_and_say_so():
    plain = next(each for each in UNSCALED.full if each.plain)
    changed, probed = carrying_note(UNSCALED)
    assert changed.endswith(". The value of the search is kept: its mean validation accuracy over 3 seeds is higher.")
    probes = [each for each in UNSCALED.full if each.stage.startswith("probe")]
    lost = " and ".join(f"{100 * (plain.validation.mean - each.validation.mean):.1f}" for each in probes)
    assert f"lowered validation accuracy by {lost} points" in probed, "they are held against the kept value"
    assert probed.endswith("it was kept.")
    assert UNSCALED.full[0].stage == "adopted"
    assert UNSCALED.full[0].config == plain.config
    assert trained_again(UNSCALED) is plain
    assert rows(UNSCALED).keys() == {"*", "x 1/2", "x 2"}, "one row tells of them"


@pytest.mark.parametrize("results", [AT_THE_TOP, RESCALED])
def test_nothing_is_said_before_the_study_is_over(results):
    assert carrying_note(replace(results, state="running")) == []


def test_a_study_without_neighbours_says_nothing_of_them():
    without = study(definition(HIDDEN, final={"probe": False}))
    assert carrying_note(without) == []
    assert rows(without).keys() == {"*"}


def test_one_seed_has_a_difference_and_no_interval():
    one = study(definition(ONE, training={"weight_decay": 1e-4}, final={"seeds": 1}))
    assert math.isnan(estimate_difference([0.1]).low)
    assert "interval" not in carrying_note(one)[0]
