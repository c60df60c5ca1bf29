"""What a training function makes use of is read off its source."""

from __future__ import annotations

import pytest

from hpo.definition.trainers.reading_code import Uses, bound_names, uses

BODIES = [
    ("def train(config, run):\n    return 0.5", Uses(rungs=False, samples=False, test=False)),
    ("def train(config):\n    return 0.5", Uses(rungs=False, samples=False, test=False)),
    ("def train(config, run):\n    x, y = run.train\n    return 0.5", Uses(rungs=False, samples=True, test=False)),
    ("def train(config, r):\n    i, j = r.split(9)\n    yield 1", Uses(rungs=True, samples=True, test=False)),
    ("def train(c, run):\n    n = run.samples\n    yield from f(n)", Uses(rungs=True, samples=True, test=False)),
    ("def train(config, run):\n    model.train()\n    yield 1", Uses(rungs=True, samples=False, test=False)),
    ("def train(c, run):\n    if run.test_allowed:\n        yield 1", Uses(rungs=True, samples=False, test=True)),
    ("def train(config, run):\n    return helper(config, run)", Uses(rungs=False, samples=True, test=False)),
    ("def f(r):\n  return r.test_allowed\ndef train(c, r):\n  return f(r)", Uses(rungs=False, samples=True, test=True)),
    ("def train(*arguments):\n    return 1", Uses(rungs=False, samples=True, test=False)),
    (
        "def train(c, run):\n    def inner():\n        yield 1\n    return 1",
        Uses(rungs=False, samples=False, test=False),
    ),
    ("def train(c, r):\n    return 1\ndef train(c, r):\n    yield r.seed", Uses(rungs=True, samples=False, test=False)),
]


@pytest.mark.parametrize(("source", "expected"), BODIES)
def test_what_it_asks_of_its_run_is_what_it_can(source: str, expected: Uses) -> None:
    assert uses(source, "train") == expected


@pytest.mark.parametrize("source", ["from other import train", "train = make()", "def other(): pass", "def train(:"])
def test_of_what_has_no_def_nothing_is_known(source: str) -> None:
    assert uses(source, "train") is None


def test_the_names_of_a_file_are_those_that_it_binds() -> None:
    text = b"import a.b, c as d\nfrom e import f\nif d:\n    def g(): pass\nclass H: pass\nx = y = 1\n"
    assert set(bound_names(text) or ()) == set("adfgHxy")
    assert bound_names(b"from e import *\n") is None
