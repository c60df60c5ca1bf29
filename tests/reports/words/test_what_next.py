"""What could be done next is said at the end of a search, and nothing of it where it makes no sense."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hpo.definition.rounds import UnopenedRound
from hpo.reports.facts.gain import next_round
from hpo.reports.words import what_next as words
from hpo.reports.words.what_next import another_round, limits_to_widen, what_next
from tests.support.results import DATA, definition, study

FINISHED = study()
NARROW = {"learning_rate": {"log": True, "start": [1e-6, 1e-2]}}


def test_the_gain_of_another_round_is_that_by_which_min_gain_decides() -> None:
    found = next_round(FINISHED)
    assert found is not None
    assert (found.number, found.trials) == (4, 20)
    assert found.gain >= 0


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (0.0121, "is expected to gain about 1.2 points."),
        (0.0001, "is expected to gain next to nothing."),
        (math.inf, "The search was still moving: another round of 20 trials may find better values."),
    ],
)
def test_the_expected_gain_is_said_in_points(monkeypatch: pytest.MonkeyPatch, gain: float, said: str) -> None:
    found = next_round(FINISHED)
    assert found is not None
    monkeypatch.setattr(words, "next_round", lambda results: replace(found, gain=gain))
    (sentence,) = another_round(FINISHED)
    assert said in sentence


def test_a_search_that_ended_because_a_round_would_not_pay_does_not_say_it_twice() -> None:
    assert another_round(replace(FINISHED, unopened=UnopenedRound(3, 0.001))) == []


def test_which_limits_to_widen_is_said_where_the_recommended_value_lies_at_their_edge() -> None:
    (sentence,) = limits_to_widen(study(definition(NARROW)))
    assert sentence.startswith("learning_rate lies at the boundary of its limits (1e-06 .. 0.01).")
    assert limits_to_widen(FINISHED) == []


def test_the_certificate_is_what_to_check_last() -> None:
    assert what_next(FINISHED)[-1].startswith("We don't know yet whether 500 images pick the same winner as more data.")


def test_nothing_is_next_before_the_end_or_where_nothing_was_learnt() -> None:
    assert what_next(study(finish=False)) == []
    assert what_next(replace(FINISHED, data=DATA | {"chance": 0.99})) == []
