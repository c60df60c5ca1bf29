"""Which examples a cut takes: as plain data that anybody can cut by."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from hpo.definition.settings import HeldOut
from hpo.storage.errors import UserError
from hpo.storage.splits import Indices, partition
from hpo.training.cuts import Cut, Scorers

NUMBERS = HeldOut(holdout=120, validation=40, confirmation=60)
SPLIT = partition(np.arange(420) % 3, holdout=120, seed=5)


def scorers(scorers: Scorers, draw: int = 0) -> Indices:
    return Cut(30, scorers=scorers, draw=draw).validation(SPLIT, NUMBERS)


def test_without_a_number_the_whole_pool_trains_and_more_than_there_is_is_the_pool() -> None:
    np.testing.assert_array_equal(Cut(None).train(SPLIT), SPLIT.pool)
    np.testing.assert_array_equal(Cut(1_000).train(SPLIT), SPLIT.pool)


def test_groups_of_one_size_share_no_example_while_the_pool_lasts_and_are_full_behind_it() -> None:
    groups = [Cut(70, group).train(SPLIT) for group in range(6)]
    assert [len(group) for group in groups] == [70] * 6
    assert len(np.unique(np.concatenate(groups[:4]))) == 280
    assert all(set(group) <= set(SPLIT.pool) for group in groups)


def test_a_range_of_the_pool_gives_its_own_examples() -> None:
    np.testing.assert_array_equal(Cut(20, 1, within=(100, 120)).train(SPLIT), SPLIT.pool[100:120])
    assert set(Cut(20, 1, within=(100, 160)).train(SPLIT)) <= set(SPLIT.pool[100:160])


def test_every_trial_of_a_search_is_scored_on_the_same_examples() -> None:
    np.testing.assert_array_equal(scorers("search", draw=3), SPLIT.holdout[:40])


def test_all_that_are_held_out_score_where_that_is_asked_for() -> None:
    np.testing.assert_array_equal(scorers("holdout"), SPLIT.holdout)


@pytest.mark.parametrize(("name", "count"), [("race", 40), ("confirmation", 60)])
def test_races_and_confirmations_are_scored_on_draws_that_no_trial_of_the_search_saw(name: Scorers, count: int) -> None:
    draws = [scorers(name, draw) for draw in range(4)]
    assert {len(draw) for draw in draws} == {count}
    assert all(set(draw) <= set(SPLIT.holdout[40:]) for draw in draws)
    assert len({tuple(sorted(draw)) for draw in draws}) == 4
    np.testing.assert_array_equal(scorers(name, 2), draws[2])


def test_no_cut_trains_on_what_scores() -> None:
    trained = {int(i) for cut in (Cut(None), Cut(70, 9), Cut(20, 1, within=(0, 60))) for i in cut.train(SPLIT)}
    assert not trained & set(SPLIT.holdout.tolist())


def test_a_cut_can_be_sent_as_json() -> None:
    cut = Cut(20, 3, within=(0, 60), scorers="confirmation", draw=4)
    told = json.loads(json.dumps(asdict(cut)))
    assert Cut(**told | {"within": tuple(told["within"])}) == cut


def test_more_fresh_examples_than_there_are_cannot_be_cut() -> None:
    with pytest.raises(UserError, match="hold out more than the search uses"):
        Cut(30, scorers="race").validation(SPLIT, HeldOut(120, 120, 0))
