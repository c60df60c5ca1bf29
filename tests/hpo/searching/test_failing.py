"""Many equal failures in a row are the trainer's; single ones, or different ones, are the configs'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from optuna.trial import TrialState

from hpo.searching.failing import FEWEST, IN_A_ROW, repeated_failure
from hpo.searching.metric import ACCURACY
from hpo.searching.queued import QueuedTrial

START = datetime(2026, 1, 1)


def trials(reasons: Sequence[str | None], waiting: int = 20) -> list[QueuedTrial]:
    """Return trials that ended one after the other, for these reasons or well, and others that wait."""
    ended = [
        QueuedTrial(
            i,
            i,
            TrialState.COMPLETE if reason is None else TrialState.FAIL,
            {},
            {} if reason is None else {"reason": reason},
            {},
            None,
            ended_at=START + timedelta(seconds=i),
        )
        for i, reason in enumerate(reasons)
    ]
    return ended + [QueuedTrial(100 + i, 100 + i, TrialState.WAITING, {}, {}, {}, None) for i in range(waiting)]


def test_ten_in_a_row_are_found_whatever_numbers_they_have() -> None:
    found = repeated_failure(trials([None, *(f"ValueError: lr = {i / 7} (train.py, line 3)" for i in range(IN_A_ROW))]))
    assert found is not None
    assert found.ids == tuple(range(1, IN_A_ROW + 1))
    assert found.sentence.startswith(f"the last {IN_A_ROW} trials failed, each with: ValueError: lr = ")


@pytest.mark.parametrize(
    "reasons",
    [
        ["a"] * (IN_A_ROW - 1),
        [*["a"] * 5, *["b"] * 9],
        [*["a"] * 20, None],
        [],
    ],
)
def test_fewer_different_ones_or_one_that_went_well_are_not(reasons: list[str | None]) -> None:
    assert repeated_failure(trials(reasons)) is None


def test_a_small_round_that_failed_as_a_whole_is_enough() -> None:
    assert repeated_failure(trials(["a"] * 6, waiting=0)) is not None
    assert repeated_failure(trials(["a"] * (FEWEST - 1), waiting=0)) is None


def test_configs_whose_training_diverges_are_no_mistake_unless_all_do() -> None:
    reason = ACCURACY.fault(float("nan"))
    assert repeated_failure(trials([reason] * 19, waiting=1)) is None
    assert repeated_failure(trials([reason] * 20, waiting=0)) is not None
