"""Whether a trainer heeds its seed is found out by training once more, with the same seed and with others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState

from hpo.searching.queued import QueuedTrial
from hpo.searching.reproduced import OTHERS, REPRODUCED, is_first, remark
from hpo.training.reproducing import trained_again
from tests.support.functions import SEARCH, trainer

NUMBERS = count()


def heeds(config: dict[str, Any], run: Any) -> Iterator[float]:
    for _ in run.rungs:
        yield float(np.random.default_rng(run.seed).random())


def coarse(config: dict[str, Any], run: Any) -> float:
    return round(float(np.random.default_rng(run.seed).random()), 1)


def ignores(config: dict[str, Any], run: Any) -> float:
    return 0.5


def differs(config: dict[str, Any], run: Any) -> float:
    return next(NUMBERS) / 1000


def fails_again(config: dict[str, Any], run: Any) -> float:
    if next(NUMBERS) % 2:
        raise ValueError("only once")
    return 0.5


def said(function: Callable[..., Any], *, own_code: bool = True) -> str | None:
    trained = trainer(function)
    score = trained.start({}, SEARCH, lambda: None).advance(25)
    outcome = trained_again(trained, {}, SEARCH, 25, score)
    first = {"round": 1, "index": 0, REPRODUCED: outcome}
    return remark("train", [QueuedTrial(1, 0, TrialState.COMPLETE, {}, first, {}, None)], own_code=own_code)


@pytest.mark.parametrize("function", [heeds, coarse])
def test_of_one_that_heeds_it_nothing_is_said(function: Callable[..., Any]) -> None:
    assert said(function) is None


def test_one_that_ignores_it_is_named() -> None:
    assert said(ignores) is not None
    assert str(said(ignores)).startswith(f"train scored 0.5 with {OTHERS} other seeds, too: it ignores run.seed")


def test_an_estimator_is_not_told_to_heed_its_seed_but_that_nothing_in_it_is_random() -> None:
    sentence = str(said(ignores, own_code=False))
    assert sentence.startswith(f"train scored 0.5 with {OTHERS} other seeds, too: nothing in it is random")
    assert "run.seed" not in sentence + str(said(differs, own_code=False))


def test_one_that_is_not_reproducible_is_named() -> None:
    assert str(said(differs)).startswith("train is not reproducible: the first config trained twice with the same seed")


def test_one_that_cannot_be_trained_twice_is_named() -> None:
    while next(NUMBERS) % 2 == 0:
        pass
    assert str(said(fails_again)).startswith("train failed when the first config was trained a second time")


def test_it_is_the_first_trial_of_the_search_alone() -> None:
    assert is_first({"round": 1, "index": 0})
    assert not is_first({"round": 1, "index": 1})
    assert not is_first({"stage": "race", "round": 1, "index": 0})
    assert remark("train", []) is None
