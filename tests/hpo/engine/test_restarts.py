"""How long what died waits for its replacement."""

from __future__ import annotations

import pytest

from hpo.engine.launchers.restarts import LONGEST_PAUSE, MOST_NEVER_READY, MOST_PER_HOUR, Restarts
from hpo.storage.errors import UserError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def died(restarts: Restarts) -> float:
    return restarts.pause("killed by signal 9", "", was_ready=True)


def test_the_first_death_is_answered_at_once_and_quick_ones_with_growing_pauses() -> None:
    restarts = Restarts(Clock())
    pauses = [died(restarts) for _ in range(12)]
    assert pauses[:4] == [0.0, 0.5, 1.0, 2.0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_deaths_that_are_long_ago_are_forgotten() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    for _ in range(200):
        clock.now += 120
        assert died(restarts) == 0.0


def test_no_more_are_started_in_an_hour_than_allowed_and_it_never_gives_up() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    started = []
    for _ in range(300):
        clock.now += died(restarts)
        started.append(clock.now)
        restarts.ready()
    assert all(b - a >= 3599 for a, b in zip(started, started[MOST_PER_HOUR:], strict=False))


def test_dying_before_anybody_was_ready_gives_up_with_the_last_words() -> None:
    restarts = Restarts(Clock())
    for _ in range(MOST_NEVER_READY - 1):
        restarts.pause("exit code 1", "no such thing", was_ready=False)
    restarts.ready()
    for _ in range(MOST_NEVER_READY - 1):
        restarts.pause("exit code 1", "no such thing", was_ready=False)
    with pytest.raises(UserError, match=r"5 times in a row .* exit code 1: giving up(?s:.*)no such thing"):
        restarts.pause("exit code 1", "no such thing", was_ready=False)
