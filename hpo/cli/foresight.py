"""What the end of a search needs is loaded while the search still trains, so that the end does not wait for it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from hpo.engine.driving import Watcher
from hpo.engine.progress import Progress

LATE = 0.7
"""The share of the work after which it is loaded: most of the searches that are stopped never come this far."""

GIVES_WAY = 5
"""By so much its priority is lower: enough to leave the cores to training, and on a busy machine still not starved."""


class LoadingLate:
    """A watcher that passes on what it is told to another one, and calls `load` once when most of the work is done.

    That happens in a thread which gives way to everything else, where the system lets it: the workers need the cores.
    """

    def __init__(self, watcher: Watcher, load: Callable[[], None], late: float = LATE) -> None:
        self._watcher, self._load, self._late = watcher, load, late
        self._thread: threading.Thread | None = None

    def say(self, text: str) -> None:
        """Pass the line on."""
        self._watcher.say(text)

    def update(self, now: Progress) -> None:
        """Pass on how far it is."""
        self._watcher.update(now)
        if self._thread is None and now.work >= self._late * now.total > 0:
            self._thread = threading.Thread(target=self._load_quietly, daemon=True, name="loading")
            self._thread.start()

    def _load_quietly(self) -> None:
        if sys.platform == "linux":  # where a priority is a thread's own
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVES_WAY)
        with suppress(Exception):  # whatever it is, it comes again when it is needed, and is answered there
            self._load()
