"""The thread that keeps a process's leases alive."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hpo.storage.leases import RENEW_SECONDS, Leases


class Heart:
    """Keeps a holder's leases alive from a thread of its own, which no database error ends."""

    def __init__(self, leases: Leases, announce: Callable[[str], None]) -> None:
        self._leases = leases
        self._announce = announce
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heart")
        self._thread.start()

    def _beat(self) -> None:
        failing = False
        while not self._stop.wait(RENEW_SECONDS):
            try:
                self._leases.renew()
                failing = False
            except Exception as error:  # whatever it is, the next beat may succeed
                if not failing:
                    self._announce(f"could not renew the leases, trying again: {error}")
                failing = True

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()
