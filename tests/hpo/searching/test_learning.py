"""Whether anything was learnt, for metrics in either direction, with bounds and without."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.searching.learning import clearly_above, hopeless, learnt_enough
from hpo.searching.metric import ACCURACY, KNOWN, Metric
from hpo.searching.narrowing import narrow
from tests.support.builders import linear, result, space

LOG_LOSS = Metric("log_loss", **KNOWN["log_loss"])
REWARD = Metric("reward", **KNOWN["reward"])
AUC = Metric("auc", **KNOWN["auc"])
ERRORS = Metric("error_rate", **KNOWN["error_rate"])
LINE = space(x=linear((0.2, 0.4), (0.0, 1.0)))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10_000))
def test_of_accuracies_the_rules_are_the_ones_that_were_measured(best: float, chance: float, images: int) -> None:
    assert hopeless(ACCURACY, best, chance) == (best < chance + 0.15)
    noise = math.sqrt(chance * (1 - chance) / images)
    assert clearly_above(chance, images) == chance + max(3.0 * noise, 0.02 * (1 - chance))
    assert learnt_enough(ACCURACY, [best, chance]) == 0.5 * max(best, chance)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10_000))
def test_an_error_rate_has_learnt_when_its_accuracy_has(best: float, chance: float, images: int) -> None:
    line = clearly_above(1 - chance, images, ERRORS)
    assert line + 1 == pytest.approx(clearly_above(chance, images), abs=1e-9)
    assert learnt_enough(ERRORS, [best - 1]) + 1 == pytest.approx(best / 2)


@pytest.mark.parametrize(
    ("metric", "best", "guess", "expected"),
    [
        (LOG_LOSS, -2.3, 2.302585, True),
        (LOG_LOSS, -2.0, 2.302585, False),
        (LOG_LOSS, -2.4, None, False),
        (AUC, 0.51, 0.5, True),
        (AUC, 0.6, 0.5, False),
        (REWARD, -3.0, -3.0, True),
        (REWARD, -2.9, -3.0, False),
        (REWARD, -1e9, None, False),
        (ACCURACY, 0.0, None, True),
        (ACCURACY, 0.01, None, False),
    ],
)
def test_a_search_is_hopeless_where_its_best_is_hardly_better_than_guessing(
    metric: Metric, best: float, guess: float | None, expected: bool
) -> None:
    assert hopeless(metric, best, guess) == expected


def test_without_bounds_or_a_guess_the_better_half_has_learnt_enough() -> None:
    assert learnt_enough(REWARD, [1.0, 2.0, 9.0]) == 2.0
    assert learnt_enough(AUC, [0.3, 0.9]) == pytest.approx(0.7)
    assert learnt_enough(AUC, [0.3, 0.4]) == pytest.approx(0.35)
    assert learnt_enough(REWARD, []) == -math.inf


def test_the_box_says_why_in_the_words_and_units_of_the_metric() -> None:
    trials = [result({"x": 0.3}, -2.3, 0), result({"x": 0.35}, -2.4, 1)]
    narrowing = narrow(LINE, LINE.start(), trials, 2.302585, LOG_LOSS)
    assert narrowing.box == LINE.limits()
    assert narrowing.why == ("the best log_loss, 2.3, is hardly better than guessing (2.303): search the whole limits",)
    assert narrow(LINE, LINE.start(), trials, None, LOG_LOSS).box != LINE.limits()


def test_where_every_trial_failed_the_next_box_is_the_limits_whatever_is_known_of_guessing() -> None:
    trials = [result({"x": 0.3}, 0.0, i, failed=True) for i in range(3)]
    narrowing = narrow(LINE, LINE.start(), trials, None, LOG_LOSS)
    assert narrowing.box == LINE.limits()
    assert narrowing.why == ("every trial failed: search the whole limits",)
