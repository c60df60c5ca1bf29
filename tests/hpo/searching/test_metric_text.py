"""How scores of a metric read: in percent and points where it is a share, else in its own units, without their sign."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.searching.metric import ACCURACY, KNOWN, Metric
from hpo.searching.metric_text import (
    amount_words,
    difference_text,
    difference_words,
    name_of,
    score_text,
    score_words,
    unseen,
    value_text,
    value_words,
)

RMSE = Metric("rmse", **KNOWN["rmse"])
ERRORS = Metric("error_rate", **KNOWN["error_rate"])


@pytest.mark.parametrize(
    ("metric", "score", "text"),
    [
        (ACCURACY, 0.975, "97.5 %"),
        (ERRORS, -0.088, "8.8 %"),
        (RMSE, -54.321, "54.3"),
        (RMSE, -0.5, "0.500"),
        (RMSE, -54321.0, "54321"),
        (RMSE, -1.234e-4, "0.000123"),
        (RMSE, -1.234e-5, "1.23e-05"),
        (RMSE, -1.5e9, "1.50e+09"),
        (RMSE, 0.0, "0.00"),
        (ACCURACY, math.nan, "- %"),
    ],
)
def test_a_score_reads_as_a_value_with_three_digits_or_in_percent(metric, score, text):
    assert score_words(metric, score) == text


@pytest.mark.parametrize(
    ("metric", "difference", "text"),
    [(ACCURACY, 0.0213, "2.1 points"), (ACCURACY, -0.0001, "0.0 points"), (RMSE, 0.0213, "0.021"), (RMSE, 17.4, "17")],
)
def test_a_difference_has_points_only_of_shares(metric, difference, text):
    assert difference_words(metric, difference) == text


def test_a_signed_difference_has_a_sign_also_above_zero():
    assert difference_text(RMSE, 1.7, signed=True) == "+1.7"
    assert difference_text(RMSE, -1.7, signed=True) == "-1.7"
    assert difference_text(ACCURACY, 0.017, signed=True) == "+1.7"


def test_an_amount_is_never_told_as_nothing():
    assert amount_words(ACCURACY, 0.0001) == "less than 0.1 points"
    assert amount_words(ACCURACY, -0.021) == "2.1 points"
    assert amount_words(RMSE, -0.25) == "0.25"


def test_only_an_accuracy_needs_no_name():
    assert (name_of(ACCURACY), name_of(RMSE), name_of(ERRORS)) == ("", "rmse ", "error_rate ")


def test_a_difference_is_unseen_where_the_digits_of_the_scores_do_not_show_it():
    assert unseen(RMSE, 0.04, -54.3)
    assert not unseen(RMSE, 0.06, -54.3)
    assert unseen(RMSE, 4e-9, -1.23e-6)
    assert unseen(ACCURACY, 0.0004, 0.9)
    assert not unseen(ACCURACY, 0.0006, 0.9)


@given(st.floats(-1e100, 1e100, allow_nan=False))
def test_what_reads_as_a_value_is_within_half_a_digit_of_it(value):
    assert float(value_text(RMSE, value)) == pytest.approx(value, rel=5.1e-3)
    assert not value_text(RMSE, value).startswith("-0.00") or value < -1e-4


@given(st.floats(0, 1), st.floats(0, 1))
def test_texts_of_shares_are_in_the_order_of_their_values(a, b):
    assert (float(value_text(ACCURACY, a)) <= float(value_text(ACCURACY, b))) or a > b


@given(st.floats(0, 1e6))
def test_a_score_of_a_minimized_metric_reads_as_its_value(value):
    assert score_text(RMSE, RMSE.score(value)) == value_text(RMSE, value)
    assert value_words(RMSE, value) == score_words(RMSE, -value)
