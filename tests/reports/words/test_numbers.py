"""How estimates read: mean and interval with the same digits, the ends in the order of values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.proof.estimates import Estimate
from hpo.reports.words.numbers import (
    difference_interval,
    difference_mean,
    ends_of,
    head,
    interval_sentence,
    interval_text,
    mean_words,
    metric_column,
    named_mean,
    span_text,
    train_gap,
)
from hpo.searching.metric import ACCURACY, KNOWN, Metric

RMSE = Metric("rmse", **KNOWN["rmse"])
AUC = Metric("auc", **KNOWN["auc"])


@pytest.mark.parametrize(
    ("metric", "estimate", "mean", "interval"),
    [
        (ACCURACY, Estimate(0.975, 0.973, 0.977, 5), "97.5 %", "97.3 .. 97.7"),
        (RMSE, Estimate(-54.0, -58.9, -51.2, 5), "54.0", "51.2 .. 58.9"),
        (RMSE, Estimate(-54.321, -54.345, -54.311, 5), "54.321", "54.311 .. 54.345"),
        (RMSE, Estimate(-1.2e-5, -1.31e-5, -1.1e-5, 5), "1.20e-05", "1.10e-05 .. 1.31e-05"),
        (AUC, Estimate(0.98765, 0.98761, 0.98771, 5), "0.98765", "0.98761 .. 0.98771"),
        (RMSE, Estimate(-54321.0, -60123.4, -50000.0, 3), "54321", "50000 .. 60123"),
        (RMSE, Estimate(-54.3, math.nan, math.nan, 1), "54.3", "-"),
        (RMSE, Estimate(-54.3, -54.3, -54.3, 3), "54.3", "-"),
        (ACCURACY, Estimate(0.8, 0.8, 0.8, 3), "80.0 %", "80.0 .. 80.0"),
    ],
)
def test_a_mean_and_its_interval_have_as_many_digits_as_the_interval_asks_for(metric, estimate, mean, interval):
    assert mean_words(metric, estimate) == mean
    assert interval_text(metric, estimate) == interval


def test_the_interval_of_a_minimized_metric_begins_at_its_better_end():
    estimate = Estimate(-54.0, -58.9, -51.2, 5)
    assert interval_sentence(RMSE, estimate) == "90 % interval: 51.2 to 58.9"
    assert named_mean(RMSE, estimate) == "rmse 54.0"


def test_what_never_varies_has_no_interval_but_a_share_of_few_examples_may_agree_by_chance():
    assert interval_sentence(RMSE, Estimate(-54.3, -54.3, -54.3, 3)) == "the same in all 3 runs, so without an interval"
    assert interval_sentence(ACCURACY, Estimate(0.8, 0.8, 0.8, 3)) == "90 % interval: 80.0 to 80.0"


def test_an_interval_ends_where_the_metric_does():
    assert ends_of(RMSE, Estimate(-1.0, -3.0, 0.5, 3)) == (0.0, 3.0)
    assert ends_of(ACCURACY, Estimate(0.99, 0.97, 1.01, 3)) == (0.97, 1.0)


@given(st.floats(1e-6, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_ends_are_ordered_whatever_the_direction(value, below, above):
    for metric in (RMSE, Metric("reward", low=None, high=None, is_share=False)):
        low, high = ends_of(metric, Estimate(metric.score(value), metric.score(value) - below, value + above, 3))
        assert low <= high


def test_a_difference_and_its_interval_have_the_same_digits():
    change = Estimate(-1.234, -2.5, 0.1, 3)
    assert difference_mean(RMSE, change, signed=True) == "-1.2"
    assert difference_interval(RMSE, change, signed=True) == "-2.5 .. +0.1"
    assert difference_interval(ACCURACY, Estimate(0.01, -0.02, 0.04, 3), signed=True) == "-2.0 .. +4.0"


def test_a_span_goes_from_the_lowest_value_to_the_highest():
    assert span_text(RMSE, [-54.3, -51.2, -52.0]) == "51.2 to 54.3"
    assert span_text(ACCURACY, [0.9, 0.95]) == "90.0 to 95.0"
    assert span_text(RMSE, [-54.3]) == "54.3"


def test_heads_columns_and_gaps_follow_the_metric():
    assert (head(ACCURACY, "search"), head(RMSE, "search")) == ("search %", "search")
    assert metric_column(Metric("mean error, m", "minimize"), "test") == "test_mean_error_m"
    assert (train_gap(ACCURACY), train_gap(RMSE)) == ("train - test", "test - train")
