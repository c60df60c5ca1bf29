"""Keeping the dashboard current while a search runs, from a thread of its own that neither holds it up nor ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hpo.engine.interrupts import Interrupted
from hpo.storage.patience import reason_of

SHARE = 0.02
"""Of a core, that it may cost: the workers need the cores."""


class Publisher:
    """Calls `publish` after each `wake`, at most as often as SHARE allows; several calls to `wake` may share one.

    What `publish` raises is said once, and ends nothing.
    """

    def __init__(self, publish: Callable[[], None], announce: Callable[[str], None], share: float = SHARE) -> None:
        self._publish, self._announce, self._share = publish, announce, share
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._failed = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="publisher")
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread; what it is at is finished."""
        self._stopped.set()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while self._woken.wait() and not self._stopped.is_set():
            self._woken.clear()
            began = time.thread_time()
            try:
                self._publish()
            except Interrupted:  # asked to stop while it waited for the database
                return
            except Exception as error:  # whatever it is, the search goes on
                if not self._failed:
                    self._announce(
                        f"the dashboard's notes and figures could not be written, going on: {reason_of(error)}"
                    )
                self._failed = True
            self._stopped.wait((time.thread_time() - began) / self._share)
