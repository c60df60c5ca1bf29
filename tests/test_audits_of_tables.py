"""Audits of searches on recorded tables, in short: `python -m tests.benchmarks.audit` has hundreds of them."""

from __future__ import annotations

import pytest

from tests.benchmarks.arguments import FOLDER
from tests.benchmarks.audit import Cut, Seen, seen, too_narrow
from tests.benchmarks.recorded.tables import RecordedTable

TABLE = "fashion_mlp_4"


@pytest.fixture(scope="module")
def whole() -> list[Seen]:
    return [seen(TABLE, FOLDER, ("tpe", 100, seed, None)) for seed in range(3)]


def test_luck_is_told_and_within_a_point_of_the_truth(whole: list[Seen]) -> None:
    assert all(each.told and each.near for each in whole)


def test_no_end_is_named_where_the_best_lies_inside(whole: list[Seen]) -> None:
    assert not [edge for each in whole for edge in each.edges]


def test_the_end_is_named_that_the_best_lies_beyond() -> None:
    (cut,) = too_narrow(RecordedTable.named(TABLE, FOLDER))
    assert (cut.name, cut.side) == ("learning_rate", "upper")
    for seed in range(2):
        assert ("learning_rate", "upper") in seen(TABLE, FOLDER, ("tpe", 100, seed, cut)).edges


def test_a_search_of_few_noisy_trials_is_not_told_a_number() -> None:
    assert not seen("fashion_mlp", FOLDER, ("random", 50, 0, None)).told


def test_the_ranges_that_are_cut_keep_a_quarter_and_lose_two_points() -> None:
    for cut in too_narrow(RecordedTable.named("fashion_convnet_4", FOLDER)):
        assert isinstance(cut, Cut)
        assert cut.high - cut.low >= 0.25
