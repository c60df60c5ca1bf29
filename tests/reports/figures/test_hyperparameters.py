"""The figure of every hyperparameter: a panel each, with all trials, all rounds and all good values."""

from __future__ import annotations

import pytest
from matplotlib.collections import PathCollection

from hpo.reports.facts.axis_positions import axis_position, log_ticks, spans
from hpo.reports.facts.outcomes import outcomes
from hpo.reports.figures.drawn import drawn_figures
from hpo.reports.figures.hyperparameters import MARKERS, hyperparameters_alt, hyperparameters_figure
from hpo.reports.figures.recommended import is_recommended
from hpo.reports.page.pictures import Pictures
from hpo.searching.space import Categorical, Interval
from tests.support.results import MIXED, NO_NUMBER, ONE, TWO, definition, just_begun, study

FOUR = {name: MIXED[name] for name in ("learning_rate", "batch_size", "activation", "dropout")}
SPACES = {"one": ONE, "two": TWO, "four": FOUR, "five": MIXED, "no number": NO_NUMBER}
CASES = {
    name: study(definition(space, rounds=(6,) if name == "no number" else (20, 20))) for name, space in SPACES.items()
}


@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
def test_every_hyperparameter_has_a_panel_with_every_trial_every_round_and_every_good_value(results):
    panels = hyperparameters_figure(results).axes
    assert [axes.get_xlabel() for axes in panels] == list(results.definition.space.hyperparameters)
    ended = [each for each in outcomes(results) if each.state in MARKERS]
    for axes in panels:
        dots = [each for each in axes.collections if isinstance(each, PathCollection) and each.get_gid() != "good"]
        assert sum(len(each.get_offsets()) for each in dots) == len(ended)
        rounds = {line.get_gid() for line in axes.lines if str(line.get_gid()).startswith("round")}
        assert rounds == {f"round {each.number}" for each in results.rounds}
        rings = [each for each in axes.collections if each.get_gid() == "good"]
        assert len(rings) == len(results.good) + sum(is_recommended(results, good) for good in results.good)


def test_the_lines_are_where_the_rounds_looked():
    results = CASES["two"]
    for axes in hyperparameters_figure(results).axes:
        for opened in results.rounds:
            (line,) = [each for each in axes.lines if each.get_gid() == f"round {opened.number}"]
            region = opened.box.interval(axes.get_xlabel())
            assert tuple(line.get_xdata()) == pytest.approx((region.low, region.high))


def test_exactly_one_good_value_is_the_one_to_use():
    for results in CASES.values():
        assert sum(is_recommended(results, good) for good in results.good) == 1


def test_it_is_said_in_words_for_every_hyperparameter():
    alt = hyperparameters_alt(CASES["five"])
    assert all(f" {name}: " in alt for name in MIXED)


def test_before_a_trial_has_ended_there_is_none():
    assert hyperparameters_figure(just_begun()) is None


def test_a_page_shows_it_right_after_the_figure_that_it_belongs_beside():
    headings = [each.heading for each in Pictures(drawn_figures(CASES["four"])).take("boxes")]
    assert headings == ["Where the search looked", "Every hyperparameter against the score"]


def test_the_trials_of_a_choice_stand_apart_and_nearer_to_it_than_to_another():
    choice = Categorical(("a", "b", "c"))
    places = [axis_position(choice, "b", number) for number in range(50)]
    assert len(set(places)) == 50
    assert all(0.5 < each < 1.5 for each in places)


def test_a_round_reaches_around_each_of_its_choices():
    assert len(spans(Categorical(("a", "b", "c")), ("a", "c"))) == 2
    number = definition(ONE).space.hyperparameters["learning_rate"]
    assert spans(number, Interval(0.1, 0.2)) == [(0.1, 0.2)]
    with pytest.raises(TypeError, match="interval"):
        spans(number, (0.1,))


@pytest.mark.parametrize(("low", "high"), [(1e-6, 10.0), (5, 500), (1e-8, 1.0), (0.5, 2.0), (3.0, 4.0), (1e-30, 1e30)])
def test_ticks_are_few_round_numbers_inside(low, high):
    ticks = log_ticks(low, high, 5)
    assert len(ticks) <= 5
    assert all(low * 0.999 <= tick <= high * 1.001 for tick in ticks)
