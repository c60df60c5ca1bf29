"""What a training function gives back: hpo.Score at each percent of run.rungs, hpo.Test where the test set is open."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np


class Score:
    """How a training stands: `value` is the study's metric on the validation examples, in the metric's own units.

    `train` is the same on the training examples, where the function says so, and `test` on the test set, for a function
    that returns its score. `others` are further metrics by name, such as latency_ms: constraints may be put on them.
    Raises TypeError for what is no number.
    """

    __slots__ = ("others", "test", "train", "value")

    def __init__(self, value: Any, train: Any = None, test: Any = None, **others: Any) -> None:
        self.value = number(value, "the value of hpo.Score")
        self.train = None if train is None else number(train, "train of hpo.Score")
        self.test = None if test is None else number(test, "test of hpo.Score")
        self.others = {name: number(each, f"{name} of hpo.Score") for name, each in others.items()}

    def __repr__(self) -> str:
        said = {"train": self.train, "test": self.test, **self.others}
        return f"hpo.Score({self.value:g}{''.join(f', {k}={v:g}' for k, v in said.items() if v is not None)})"


class Test:
    """The study's metric on the test set: yielded once, at the end, and only where `run.test_allowed`."""

    __test__ = False  # pytest collects classes by their name; this one is no test case
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = number(value, "the value of hpo.Test")

    def __repr__(self) -> str:
        return f"hpo.Test({self.value:g})"


def number(value: Any, what: str) -> float:
    """Return `value` as a float: a number, or an array or tensor with one. Raises TypeError for anything else."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_):
        return float(value)
    if not isinstance(value, np.generic) and callable(getattr(value, "item", None)):
        try:
            single = value.item()
        except (ValueError, RuntimeError, TypeError):  # NumPy's and torch's answers where there are several
            raise TypeError(f"{what} has several numbers; expected one") from None
        if isinstance(single, numbers.Real) and not isinstance(single, bool):
            return float(single)
    raise TypeError(f"{what} is {shortened(value)}; expected a number")


def shortened(value: Any) -> str:
    """Return how a value is called in a sentence."""
    if value is None:
        return "nothing (None)"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
