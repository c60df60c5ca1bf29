import numpy as np
import pytest

from hpo.definition.spaces import read_space
from hpo.searching.dealing import MOST, allowed, deals
from hpo.searching.proposing import propose
from hpo.searching.relevance import relevance
from tests.support.builders import result

UNIT = {"start": [0.0, 1.0]}
TIGHT = read_space({"require": ["b <= a + 0.1", "b >= a - 0.1"], "a": UNIT, "b": UNIT, "c": UNIT}, may_be_empty=False)


def test_every_deal_gives_each_trial_a_value_that_it_may_have_and_each_value_once():
    configs = propose(TIGHT, TIGHT.start(), [], n=30, seed=1, sampler="lattice")
    may = allowed(TIGHT, "b", configs)
    assert may is not None
    dealt = deals(30, 200, np.random.default_rng(1), may)
    assert (dealt[0] == np.arange(30)).all()
    assert (np.sort(dealt, axis=1) == np.arange(30)).all()
    assert all(may[row, np.arange(30)].all() for row in dealt)
    assert len({tuple(row) for row in dealt}) > 190


def test_what_no_relation_mentions_is_dealt_in_any_order():
    configs = propose(TIGHT, TIGHT.start(), [], n=30, seed=1, sampler="lattice")
    assert allowed(TIGHT, "c", configs) is None
    assert allowed(TIGHT, "b", configs * (MOST // 30 + 1)) is None
    free = deals(5, 4, np.random.default_rng(1))
    again = np.random.default_rng(1).permuted(np.tile(np.arange(5), (3, 1)), axis=1)
    assert (free[1:] == again).all()


def test_all_deals_that_may_be_are_as_likely():
    may = np.array([[True, True, False], [True, True, True], [False, True, True]])
    dealt = deals(3, 6001, np.random.default_rng(1), may)[1:]
    counts = {tuple(row): 0 for row in dealt.tolist()}
    for row in dealt.tolist():
        counts[tuple(row)] += 1
    assert len(counts) == 3
    assert all(count == pytest.approx(2000, abs=150) for count in counts.values())


def test_a_hyperparameter_without_effect_is_not_called_relevant_for_what_it_is_tied_to():
    # b is within .1 of a, which alone has an effect: dealt in any order, b was called relevant in 17 to 24 % of them.
    called = 0
    for seed in range(40):
        configs = propose(TIGHT, TIGHT.start(), [], n=40, seed=seed, sampler="random")
        luck = np.random.default_rng(seed).standard_normal(40)
        trials = [result(c, -((c["a"] - 0.7) ** 2) + 0.05 * luck[i], i) for i, c in enumerate(configs)]
        found = {each.name: each for each in relevance(TIGHT, {1: TIGHT.start()}, trials, seed=seed)}
        called += found["b"].verdict == "relevant"
    assert called <= 5
