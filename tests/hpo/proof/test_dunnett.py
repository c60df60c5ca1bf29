import math

import numpy as np
import pytest
from scipy import stats

from hpo.proof.dunnett import critical_value

RIVALS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15)

PUBLISHED = {
    5: (2.44, 2.68, 2.85, 2.98, 3.08, 3.16, 3.24, 3.30, 3.36, 3.41, 3.45, 3.57),
    12: (2.11, 2.29, 2.41, 2.50, 2.58, 2.64, 2.69, 2.74, 2.78, 2.81, 2.84, 2.93),
    60: (1.95, 2.10, 2.21, 2.28, 2.35, 2.39, 2.44, 2.48, 2.51, 2.54, 2.56, 2.63),
}
"""Dunnett (1955), one-sided, joint confidence 95 %: degrees of freedom to the values for RIVALS treatments."""

BECHHOFER = (1.8124, 2.2302, 2.4516, 2.5997, 2.7100, 2.7972, 2.8691, 2.9301, 2.9829)
"""Bechhofer (1954), table I, 90 %: sqrt(2) times the value for 1 .. 9 rivals where the noise is known."""


@pytest.mark.parametrize("freedom", PUBLISHED)
def test_the_critical_values_are_dunnetts(freedom):
    found = [critical_value(rivals, freedom, 0.95) for rivals in RIVALS]
    assert found == pytest.approx(PUBLISHED[freedom], abs=0.0101)  # he gives two digits, some of them one too high


def test_where_the_noise_is_known_they_are_bechhofers():
    found = [math.sqrt(2) * critical_value(rivals, 1e9, 0.90) for rivals in range(1, 10)]
    assert found == pytest.approx(BECHHOFER, abs=0.00006)


@pytest.mark.parametrize("freedom", [1, 3, 30, 1000])
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_against_one_rival_they_are_students(freedom, confidence):
    assert critical_value(1, freedom, confidence) == pytest.approx(stats.t.ppf(confidence, freedom), rel=1e-5)


@pytest.mark.parametrize(("rivals", "freedom"), [(1, 1), (4, 8), (7, 7), (19, 342)])
def test_the_best_of_the_rivals_stays_within_them_as_often_as_they_say(rivals, freedom):
    rng = np.random.default_rng([rivals, freedom])
    x, s = rng.standard_normal((100_000, rivals + 1)), np.sqrt(rng.chisquare(freedom, 100_000) / freedom)
    ahead = (x[:, 1:].max(axis=1) - x[:, 0]) / (math.sqrt(2) * s)
    within = np.mean(ahead <= critical_value(rivals, freedom, 0.90))
    assert within == pytest.approx(0.90, abs=0.004)  # four standard errors


def test_more_rivals_less_freedom_and_more_confidence_ask_for_more():
    assert critical_value(5, 8, 0.9) > critical_value(4, 8, 0.9)
    assert critical_value(4, 7, 0.9) > critical_value(4, 8, 0.9)
    assert critical_value(4, 8, 0.95) > critical_value(4, 8, 0.9)


@pytest.mark.parametrize("wrong", [(0, 4, 0.9), (3, 0, 0.9), (3, 4, 1.0), (3, 4, 0.4)])
def test_there_is_no_critical_value_without_a_rival_or_freedom_or_at_certainty(wrong):
    with pytest.raises(ValueError, match=f"{wrong[0]} rivals, {wrong[1]} degrees of freedom"):
        critical_value(*wrong)
