"""A study, or a certificate, led to its end: somebody opens what is to be trained, workers train, somebody watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from hpo.engine.heart import Heart
from hpo.engine.interrupts import StopRequest
from hpo.engine.launchers.base import Announce, Launch
from hpo.engine.progress import Progress
from hpo.engine.publishing import Publisher

POLL_SECONDS = (0.3, 2.0)
"""How often the leader looks for what remote workers did, at most and at least; its own workers tell it. While nothing
happens it looks less and less often."""

LOOKING_SHARE = 0.03
"""Of a core, that its looking may cost: its workers need the cores."""


class Leader(Protocol):
    """Who opens what the workers train."""

    advanced: bool
    """Whether the last step changed anything: then there may be more to do at once."""
    news: bool
    """Whether it saw that another leader's study has moved on."""

    def step(self) -> bool:
        """Do what can be done in one go, and say whether everything is done."""

    def renew(self) -> None:
        """Say that the leader is alive."""

    def release(self) -> None:
        """Let another one lead."""

    def progress(self) -> Progress:
        """Return how far it is."""


class Watcher(Protocol):
    """Who is told what happens."""

    def say(self, text: str) -> None:
        """Take a line."""

    def update(self, now: Progress) -> None:
        """Take how far it is."""


class Telling:
    """A watcher that passes lines on, and one for each phase."""

    def __init__(self, announce: Announce = lambda _: None) -> None:
        self._announce = announce
        self._last_phase = ""

    def say(self, text: str) -> None:
        """Pass the line on."""
        self._announce(text)

    def update(self, now: Progress) -> None:
        """Say which phase it is, once."""
        if now.phase != self._last_phase:
            self._announce(now.phase)
            self._last_phase = now.phase


Lead = Callable[[Announce], Leader]
"""Makes the leader."""


def drive(
    lead: Lead,
    launch: Launch,
    *,
    watcher: Watcher,
    publish: Callable[[], None] = lambda: None,
) -> bool:
    """Let the one that `lead` makes, and the workers that `launch` starts, work to the end.

    False if they were asked to stop before. `publish` is called now and then when the study has moved forward, beside
    all this (hpo.engine.publishing).
    """
    with StopRequest(watcher.say) as stop:
        leader = lead(watcher.say)
        heart = Heart(leader.renew, watcher.say)
        publisher = Publisher(publish, watcher.say)
        launcher = launch(watcher.say)
        shortest, longest = POLL_SECONDS
        pause = shortest
        try:
            while not stop.requested:
                looked_at = time.perf_counter()
                launcher.look_after()  # first: who sees a worker die knows more than who finds its trial
                done = leader.step()
                watcher.update(leader.progress())
                if done:
                    return True
                if leader.advanced or leader.news:
                    launcher.nudge()
                if leader.advanced:
                    publisher.wake()
                    continue
                cost = time.perf_counter() - looked_at
                pause = min(max(pause, cost / LOOKING_SHARE), longest)
                pause = shortest if launcher.wait(pause) else min(1.5 * pause, longest)
            return False
        finally:
            launcher.stop()
            publisher.stop()
            heart.stop()
            leader.release()
