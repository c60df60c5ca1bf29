"""The thread that says of a worker, or a leader, that it is alive."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hpo.engine.interrupts import Interrupted
from hpo.storage.holders import RENEW_SECONDS
from hpo.storage.patience import reason_of


class Heart:
    """Calls `renew` now and then from a thread of its own, which no database error ends."""

    def __init__(self, renew: Callable[[], None], announce: Callable[[str], None]) -> None:
        self._renew, self._announce = renew, announce
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="heart")
        self._thread.start()

    def _beat(self) -> None:
        failing = False
        while not self._stop.wait(RENEW_SECONDS):
            try:
                self._renew()
                failing = False
            except Interrupted:  # asked to stop while it waited for the database: what is held is given back meanwhile
                continue
            except Exception as error:  # whatever it is, the next beat may succeed
                if not failing:
                    self._announce(f"could not renew the leases, trying again: {reason_of(error)}")
                failing = True

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()
