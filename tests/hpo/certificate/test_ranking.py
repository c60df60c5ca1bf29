from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kendalltau

from hpo.certificate.ranking import LOSS, LOSS_HIGH, TAU_LOW, Certificate, Floats, Size, SizeVerdict, certify, kendall
from hpo.searching.metric import KNOWN, Metric

SMALL, MIDDLE, LARGE = Size(500, 40), Size(2000, 10), Size(8000, 3)
TRUTH = np.linspace(0.9, 0.6, 16)


def measured(truth: Floats, noise: float, rng: np.random.Generator, seeds: int = 3) -> Floats:
    return truth[:, None] + rng.normal(0, noise, (len(truth), seeds))


def only(scores: dict[Size, Floats]) -> SizeVerdict:
    """Return what is found about the only candidate."""
    (verdict,) = certify(scores, seed=0).sizes
    return verdict


@given(arrays(np.int64, (2, 9), elements=st.integers(0, 4)))
def test_tau_is_that_of_scipy_ties_included(ranks):
    x, y = ranks.astype(float)
    expected = kendalltau(x, y).statistic if len(set(x)) > 1 and len(set(y)) > 1 else 0.0
    assert kendall(x, y) == pytest.approx(expected)


def test_a_size_that_ranks_as_the_reference_does_passes_without_a_loss():
    rng = np.random.default_rng(0)
    verdict = only({SMALL: measured(TRUTH - 0.2, 0.001, rng), LARGE: measured(TRUTH, 0.001, rng)})
    assert verdict.passes
    assert verdict.tau == pytest.approx(1)
    assert verdict.loss == 0


def test_a_size_that_ranks_the_better_half_upside_down_does_not_pass_though_it_knows_the_junk():
    rng = np.random.default_rng(0)
    upside_down = TRUTH.copy()
    upside_down[:8] = TRUTH[:8][::-1]
    verdict = only({SMALL: measured(upside_down, 0.001, rng), LARGE: measured(TRUTH, 0.001, rng)})
    assert kendall(upside_down, TRUTH) > 0.5
    assert verdict.tau == pytest.approx(-1)
    assert verdict.loss == pytest.approx(TRUTH[0] - TRUTH[7], abs=0.002)
    assert not verdict.passes


def test_what_nobody_can_rank_has_no_tau_and_no_loss_however_lucky_the_reference():
    # Equal configs: whatever the reference puts first is luck, and luck is not lost by another choice.
    verdicts = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        verdicts.append(
            only({SMALL: measured(np.full(16, 0.9), 0.01, rng), LARGE: measured(np.full(16, 0.9), 0.01, rng)})
        )
    assert abs(np.mean([each.tau for each in verdicts])) < 0.05
    assert abs(np.mean([each.loss for each in verdicts])) < 0.002  # the best of 16 is .017 above the rest


def test_the_ceiling_of_equal_configs_is_no_agreement_and_that_of_exact_scores_full_agreement():
    ceilings = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        noisy = measured(np.full(16, 0.9), 0.01, rng)
        ceilings.append(certify({SMALL: noisy, LARGE: measured(np.full(16, 0.9), 0.01, rng)}, seed=0).ceiling)
    assert abs(np.mean(ceilings)) < 0.05
    exact = np.repeat(TRUTH[:, None], 3, axis=1)
    assert certify({SMALL: exact, LARGE: exact}, seed=0).ceiling == 1


def test_more_noise_on_the_candidate_lowers_the_bound():
    bounds = []
    for noise in (0.001, 0.02, 0.2):
        rng = np.random.default_rng(3)
        reference = measured(TRUTH, 0.001, rng)
        bounds.append(only({SMALL: measured(TRUTH, noise, rng), LARGE: reference}).tau_low)
    assert bounds[0] > bounds[1] > bounds[2]


@settings(max_examples=20, deadline=None)
@given(arrays(np.float64, (3, 8, 3), elements=st.floats(0, 1)), st.permutations(range(8)))
def test_the_bounds_enclose_the_estimates_and_a_tau_is_a_tau(tables, order):
    del order
    for verdict in certify(dict(zip((SMALL, MIDDLE, LARGE), tables, strict=True)), seed=0).sizes:
        assert -1 <= verdict.tau_low <= verdict.tau <= 1 + 1e-12
        assert verdict.loss <= verdict.loss_high


def test_the_same_scores_and_seed_give_the_same_certificate_in_any_order_of_sizes():
    rng = np.random.default_rng(0)
    tables = {size: measured(TRUTH, 0.05, rng) for size in (SMALL, MIDDLE, LARGE)}
    assert certify(tables, seed=5) == certify(dict(reversed(tables.items())), seed=5)


def test_costs_are_trained_samples_relative_to_the_reference():
    rng = np.random.default_rng(0)
    found = certify({size: measured(TRUTH, 0.05, rng) for size in (SMALL, MIDDLE, LARGE)}, seed=0)
    assert found.reference == LARGE
    assert [(each.size, each.cost) for each in found.sizes] == [(SMALL, 20 / 24), (MIDDLE, 20 / 24)]


PASSING = SizeVerdict(SMALL, 0.7, 0.5, 0.0, 0.001, 0.5)


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({}, True),
        ({"tau_low": TAU_LOW}, False),
        ({"loss": LOSS + 1e-6}, False),
        ({"loss": -0.01}, True),
        ({"loss_high": LOSS_HIGH + 1e-6}, False),
    ],
)
def test_a_size_passes_where_little_is_lost_and_it_does_not_rank_upside_down(change, passes):
    assert replace(PASSING, **change).passes == passes


def test_the_smallest_size_that_passes_is_chosen_else_the_reference():
    failing = replace(PASSING, tau_low=-0.5)
    middle = replace(PASSING, size=MIDDLE)
    assert Certificate(LARGE, (failing, middle), 0.8, 16, 3).chosen == MIDDLE
    none = Certificate(LARGE, (failing, replace(failing, size=MIDDLE)), 0.8, 16, 3)
    assert (none.smallest, none.chosen) == (None, LARGE)
    assert none.of(MIDDLE) == replace(failing, size=MIDDLE)
    assert none.of(LARGE) is None


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        ([(16, 3)], "two sizes"),
        ([(16, 3), (15, 3)], "the same configs"),
        ([(7, 3), (7, 3)], "at least 8 configs"),
        ([(16, 2), (16, 3)], "3 seeds"),
    ],
)
def test_too_little_for_a_certificate_is_refused(shapes, says):
    with pytest.raises(ValueError, match=says):
        certify({Size(100 * 4**i, 1): np.zeros(shape) for i, shape in enumerate(shapes)}, seed=0)


def test_of_a_loss_a_point_is_a_part_of_what_its_better_half_spans_whatever_its_unit():
    loss = Metric("rmse", **KNOWN["rmse"])
    rng = np.random.default_rng(0)
    tables = {size: measured(TRUTH, 0.005, rng) for size in (SMALL, MIDDLE, LARGE)}
    one = certify({size: table - 2 for size, table in tables.items()}, seed=0, metric=loss)
    other = certify({size: 1000 * (table - 2) for size, table in tables.items()}, seed=0, metric=loss)
    assert [each.passes for each in one.sizes] == [each.passes for each in other.sizes]
    assert [each.tau for each in one.sizes] == [each.tau for each in other.sizes]
    assert other.sizes[0].span == pytest.approx(1000 * one.sizes[0].span)
    absurd = {size: table - 2 for size, table in tables.items()}
    absurd[LARGE][TRUTH.argmin(), 0] = -1e30
    found = certify(absurd, seed=0, metric=loss)
    assert [each.passes for each in found.sizes] == [each.passes for each in one.sizes]
    assert found.sizes[0].span == one.sizes[0].span
