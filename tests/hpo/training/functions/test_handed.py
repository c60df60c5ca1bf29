"""A function that is handed over in Python: what travels, and what makes it another one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo.definition.trainers.functions import FunctionTrainer
from hpo.storage.errors import UserError
from hpo.training.functions.given import _unpickled
from hpo.training.functions.handed import handed
from hpo.training.given import Given

STEPS = 3


def helper(x: float) -> float:
    return x * STEPS


def train(config: dict[str, Any], run: Any) -> Iterator[float]:
    for _ in run.rungs:
        yield helper(config["x"])


def settings(function: object) -> FunctionTrainer:
    given = handed(function).trainer
    assert isinstance(given, FunctionTrainer)
    return given


def test_it_comes_out_of_the_pipe_as_it_went_in() -> None:
    factor = 2

    def inner(config: dict[str, Any]) -> float:
        return float(config["x"] * factor)

    told = Given.read(handed(inner).record())
    assert told == handed(inner)
    assert told.pickled is not None
    assert _unpickled(told.pickled, told.path, "inner")({"x": 4}) == 8


def test_what_it_makes_use_of_is_read_off_its_source() -> None:
    found = settings(train)
    assert (found.name, found.function.rungs, found.function.samples, found.function.test) == (
        "train",
        True,
        False,
        False,
    )
    plain = settings(lambda config: config["x"])
    assert (plain.name, plain.function.rungs, plain.function.samples) == ("train", False, False)


def test_a_value_that_it_uses_from_outside_is_part_of_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings(train)
    assert settings(train) == before
    monkeypatch.setitem(globals(), "STEPS", 4)
    assert "train has changed" in str(settings(train).refusal(before))


def test_one_without_source_is_known_by_its_pickle() -> None:
    made: dict[str, Callable[..., float]] = {}
    exec("def train(config, run): return 0.5", made)
    assert list(settings(made["train"]).sources) == ["train"]


def test_one_that_cannot_travel_is_told_so() -> None:
    lock = threading.Lock()

    def locked(config: dict[str, Any], run: Any) -> float:
        with lock:
            return 0.5

    with pytest.raises(UserError, match=r"locked cannot be sent to worker processes: TypeError: cannot pickle"):
        handed(locked)


@pytest.mark.parametrize("wrong", [3, "train", None])
def test_what_is_no_function_is_told_so(wrong: object) -> None:
    with pytest.raises(UserError, match=r"expected a function, train\(config, run\)"):
        handed(wrong)


def test_one_that_needs_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"train cannot be had in a worker's process: "):
        _unpickled(b"cno_such_module\ntrain\n.", (str(tmp_path),), "train")
