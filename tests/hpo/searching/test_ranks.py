"""Ranks as shares and as normal scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.searching.ranks import normal_scores, rank_shares

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


def test_shares_are_the_middles_of_n_equal_parts_and_equals_share_theirs():
    assert rank_shares(np.array([0.3, 0.1, 0.9, 0.3])) == pytest.approx([0.5, 0.125, 0.875, 0.5])
    assert rank_shares(np.array([])).shape == (0,)


def test_normal_scores_are_the_quantiles_of_the_normal_distribution_at_the_shares():
    assert normal_scores(np.array([5.0, 1.0, 2.0])) == pytest.approx([0.96742157, -0.96742157, 0.0])


@given(SCORES)
def test_normal_scores_keep_the_order_and_the_middle(scores):
    found = normal_scores(scores)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(0, abs=1e-9) or len(set(scores)) < len(scores), "ties tilt the sum"
    order = np.argsort(scores, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert len(set(found)) == len(set(scores))
