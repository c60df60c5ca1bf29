"""The score decides what is recommended; the gap only among ties within the bound."""

from __future__ import annotations

import pytest

from hpo.proof.preference import Contender, preferred, tied

BEST = Contender((1, 0), {0: 0.90, 1: 0.91, 2: 0.90}, gap=0.08)
TIED = Contender((1, 1), {0: 0.91, 1: 0.89, 2: 0.90}, gap=0.02)
WORSE = Contender((1, 2), {0: 0.80, 1: 0.81, 2: 0.80}, gap=0.0)
ALL = [WORSE, TIED, BEST]


def test_without_a_bound_the_score_decides_whatever_the_gaps_are() -> None:
    assert preferred(ALL) == [BEST.key, TIED.key, WORSE.key]


def test_with_a_bound_the_smaller_gap_decides_among_ties_and_never_for_what_is_worse() -> None:
    assert preferred(ALL, 0.10) == [TIED.key, BEST.key, WORSE.key]


def test_what_exceeds_the_bound_comes_after_the_ties_within_it() -> None:
    assert preferred(ALL, 0.05) == [TIED.key, BEST.key, WORSE.key]


def test_where_no_tie_is_within_the_bound_the_score_decides() -> None:
    assert preferred(ALL, 0.01) == [BEST.key, TIED.key, WORSE.key]


@pytest.mark.parametrize("max_gap", [None, 0.1])
def test_equals_are_in_the_order_of_their_trials(max_gap: float | None) -> None:
    twins = [Contender((2, i), {0: 0.5}, gap=0.1) for i in (1, 0)]
    assert preferred(twins, max_gap) == [(2, 0), (2, 1)]


def test_a_single_run_ties_nobody() -> None:
    assert not tied(Contender((1, 0), {0: 0.9}), Contender((1, 1), {0: 0.9}))
