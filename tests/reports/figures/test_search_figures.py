"""The figures of a search say what was found, in pictures and in words, and no text covers another."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.reports.facts.agreement import agreement
from hpo.reports.facts.importance import importances
from hpo.reports.facts.luck import best_so_far
from hpo.reports.facts.timing import stage_times
from hpo.reports.figures.drawing import without_glyph_warnings
from hpo.reports.figures.gaps import gaps_alt, gaps_figure
from hpo.reports.figures.good_values import good_values_alt, good_values_figure, row_label
from hpo.reports.figures.history import history_figure
from hpo.reports.figures.importance import importance_figure
from hpo.reports.figures.registry import SEARCH
from hpo.reports.figures.subset_against_full import subset_against_full_figure
from hpo.reports.figures.time import duration_text, time_figure
from hpo.reports.words.formatting import value_text
from tests.reports.figures.test_comparison_figures import written
from tests.reports.figures.test_figures import CASES, assert_apart
from tests.support.results import MIXED, definition, just_begun, study

START = datetime.datetime(2026, 1, 1, 12)


def with_good_values(results, count):
    """Return `results` with `count` good values that differ a little in all of their accuracies."""
    rng = np.random.default_rng(count)
    good, full = [], []
    for i in range(count):
        one, of = results.good[i % len(results.good)], results.full[0]
        shift = 0.02 * float(rng.standard_normal())
        good.append(replace(one, rank=i + 1, key=(9, i), confirmed=shifted(one.confirmed, shift)))
        shift = 0.003 * float(rng.standard_normal())
        moved = {name: shifted(getattr(of, name), shift) for name in ("train", "validation", "test")}
        full.append(replace(of, source=(9, i), **moved))
    return replace(results, good=good, full=full)


def shifted(estimate, by):
    return replace(estimate, mean=estimate.mean + by, low=estimate.low + by, high=estimate.high + by)


TWENTY = with_good_values(CASES["mixed"], 20)
WHOLE = CASES | {
    "one good value": study(definition(rounds=(20,), final={"good_values": 1})),
    "twenty good values": TWENTY,
    "korean": replace(CASES["20 trials"], definition=definition(name="숫자", title="아주 긴 제목 " * 20, rounds=(20,))),
}
BEGUN = {"unfinished": study(finish=False, unfinished=7), "begun": just_begun()}
NEW = [kind for kind in SEARCH if kind.name not in ("boxes", "curves")]


def texts_of(figure):
    """Return every text that is seen, with the ticks inside the frames."""
    texts = written(figure)
    for axis in (axis for axes in figure.axes if axes.axison for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        texts += [label for place, label in ticks if low <= place <= high and label.get_text()]
    return texts


@pytest.mark.parametrize("case", WHOLE)
@pytest.mark.parametrize("kind", NEW, ids=lambda kind: kind.name)
def test_texts_keep_apart_and_inside(kind, case):
    figure = kind.draw(WHOLE[case])
    with without_glyph_warnings():
        figure.draw_without_rendering()
        texts = texts_of(figure)
        assert_apart(texts)
        inside = figure.bbox.padded(1)
        for text in texts:
            extent = text.get_window_extent()
            assert inside.contains(*extent.min), text.get_text()
            assert inside.contains(*extent.max), text.get_text()


@pytest.mark.parametrize("case", WHOLE)
@pytest.mark.parametrize("kind", SEARCH, ids=lambda kind: kind.name)
def test_each_has_its_numbers_in_words(kind, case):
    alt = kind.alt(WHOLE[case])
    assert sum(letter.isdigit() for letter in alt) > 3
    assert "nan" not in alt
    assert alt.rstrip(".") != alt or "hpo certify --study" in alt[-60:]


@pytest.mark.parametrize("case", BEGUN)
@pytest.mark.parametrize("kind", SEARCH, ids=lambda kind: kind.name)
def test_a_study_that_is_not_that_far_has_no_figure_or_a_note(kind, case):
    figure = kind.draw(BEGUN[case])
    assert figure is not None or kind.name in ("good_values", "subset_against_full", "gaps") or case == "begun"


def test_good_values_are_dots_at_their_means_with_bars_as_long_as_their_intervals():
    figure = good_values_figure(CASES["mixed"])
    good = CASES["mixed"].good
    dots = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_marker() == "o"]
    bars = [tuple(line.get_xdata()) for line in figure.axes[0].lines if line.get_linewidth() > 2]
    assert dots == [100 * each.confirmed.mean for each in good]
    assert bars == [(100 * each.confirmed.low, 100 * each.confirmed.high) for each in good]
    assert len([line for line in figure.axes[1].lines if line.get_marker() == "s"]) == len(good)


def test_a_row_shows_the_config_of_the_search_and_what_was_taken_elsewhere_on_a_line_of_its_own():
    results = next(each for each in CASES.values() if each.full[0].stage == "adopted")
    taken = results.full[0]
    good = next(each for each in results.good if each.key == taken.source)
    first, *lines = row_label(results, good, taken).split("\n")
    assert first == f"Good-{good.rank}, the one to use"
    assert lines[0].startswith(f"lr {value_text(good.config['learning_rate'])}")
    assert lines[-1] == f"lr {value_text(taken.config['learning_rate'])} on all of the data"
    assert lines[-1] in good_values_alt(results)


def test_the_score_of_a_training_that_was_stopped_stands_aside_in_words():
    results = CASES["mixed"]
    first = replace(results.good[0], search_score=0.31, trained=25)
    axes = good_values_figure(replace(results, good=[first, *results.good[1:]])).axes[0]
    assert axes.get_xlim()[0] > 31
    assert "◂ 31.0 after 25 %" in {text.get_text() for text in axes.texts}


def test_what_stands_aside_covers_no_bar():
    results = CASES["mixed"]
    good = [replace(each, search_score=0.31, trained=25) for each in results.good]
    figure = good_values_figure(replace(results, good=good))
    figure.draw_without_rendering()
    bars = [line.get_window_extent() for line in figure.axes[0].lines if line.get_linewidth() > 2]
    for text in figure.axes[0].texts:
        if "after 25 %" in text.get_text():
            extent = text.get_window_extent()
            assert not any(bar.y0 - 2 <= extent.y1 and extent.y0 <= bar.y1 + 2 for bar in bars)


def test_a_large_gap_is_flagged_and_a_small_one_is_not():
    results = CASES["mixed"]
    over = replace(results.full[0], train=replace(results.full[0].train, mean=results.full[0].test.mean + 0.06))
    figure = gaps_figure(replace(results, full=[over, *results.full[1:]]))
    said = [text.get_text() for text in figure.axes[0].texts if "gap" in text.get_text()]
    assert sum("overfits" in text for text in said) == 1
    assert "gap 6.0 points\noverfits" in said
    assert "none with a gap above" in gaps_alt(results)


@pytest.mark.parametrize(
    ("count", "said"), [(1, "too few to tell"), (3, "too few to tell"), (4, "n = 4"), (20, "n = 20")]
)
def test_whether_the_subset_ranks_like_all_of_the_data_is_said_only_of_enough(count, said):
    figure = subset_against_full_figure(with_good_values(CASES["mixed"], count))
    assert said in figure.axes[0].get_title(loc="left")
    assert len([line for line in figure.axes[0].lines if line.get_marker() == "o"]) == count


def difference(order):
    """Return by how many the pairs that are in order outnumber those that are not."""
    return sum(np.sign(order[j] - order[i]) for j in range(len(order)) for i in range(j))


ALL = np.array([abs(difference(order)) for order in permutations(range(5))])


@given(st.permutations(range(5)))
def test_chance_agrees_as_often_as_in_all_orders(order):
    found = agreement(range(5), order)
    assert found.tau == pytest.approx(difference(order) / 10)
    assert found.p == pytest.approx(np.mean(abs(difference(order)) <= ALL))


def test_ties_on_one_side_leave_nothing_to_rank():
    assert math.isnan(agreement([1.0] * 5, range(5)).tau)
    assert "not defined" in agreement([1.0] * 5, range(5)).sentence


def test_importance_is_a_share_and_the_learning_rate_has_most_of_it():
    found = importances(CASES["100 trials"])
    assert sum(found.shares.values()) == pytest.approx(1)
    assert next(iter(found.shares)) == "learning_rate"
    assert (found.best, found.trials) == (10, 100)
    assert importances(CASES["20 trials"]).best == 8
    assert importances(study(definition(rounds=(11,)), finish=False)) is None


def test_what_is_inert_is_hatched_and_marked():
    figure = importance_figure(CASES["mixed"])
    inert = {each.name for each in CASES["mixed"].relevance if each.verdict == "no effect detected"}
    assert 0 < len(inert) < len(MIXED)
    assert len([bar for bar in figure.axes[0].patches if bar.get_hatch()]) == len(inert)
    assert {f"~{name}" for name in inert} <= {text.get_text() for text in figure.axes[0].texts}


def clocked():
    """Return a study whose trials and runs each took 8 s, two at a time, with a second between two stages."""
    results = CASES["20 trials"]

    def at(i, pause):
        start = START + datetime.timedelta(seconds=pause + 8 * (i // 2))
        return {"claimed_at": start, "ended_at": start + datetime.timedelta(seconds=8)}

    queued = [replace(trial, **at(i, 0)) for i, trial in enumerate(results.queued)]
    order = ["race", "confirm", "full", "plain", "probe_lower", "probe_higher", "adopted"]
    runs = sorted(results.runs, key=lambda run: order.index(run.stage))
    return replace(
        results,
        queued=queued,
        runs=[replace(run, seconds=6.0, **at(i, 8 * len(queued) / 2 + 1)) for i, run in enumerate(runs)],
    )


def test_clock_time_is_parted_among_rounds_and_stages():
    results = clocked()
    stages = stage_times(results)
    assert [each.name for each in stages] == ["round 1", "race", "confirmation", "all of the data"]
    assert sum(each.trials for each in stages) == len(results.queued) + len(results.runs)
    ends = [each.ended_at for each in (*results.queued, *results.runs)]
    assert sum(each.clock for each in stages) == (max(ends) - START).total_seconds()
    assert {each.workers for each in stages} == {2}
    race = stages[1]
    assert race.training == 6.0 * race.trials
    assert race.busy == race.training / 2
    assert race.rest == pytest.approx(race.clock - race.busy)


def test_a_database_that_does_not_say_when_is_believed():
    stages = stage_times(CASES["20 trials"])
    assert all(each.clock is None and each.rest is None for each in stages)
    assert "clock time not known" in "".join(text.get_text() for text in time_figure(CASES["20 trials"]).axes[0].texts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (8.26, "8.3 s"), (114, "110 s"), (121, "2 min"), (5000, "83 min"), (9000, "2.5 h")],
)
def test_durations_read_like_people_say_them(seconds, text):
    assert duration_text(seconds) == text


def test_the_best_so_far_is_a_line_and_so_is_what_luck_leaves_of_it():
    results = CASES["100 trials"]
    best = best_so_far(results)
    lines = [line.get_ydata() for line in history_figure(results).axes[0].lines if len(line.get_xdata()) == len(best)]
    assert lines[0].tolist() == [100 * each.score for each in best]
    assert lines[1].tolist() == [100 * each.corrected for each in best]
