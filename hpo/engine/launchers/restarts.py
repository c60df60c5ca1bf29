"""How often workers that died are replaced: at once at first, then with growing pauses, never without an end in sight.

One look may find several dead workers; they count as one death, because one cause ended them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from hpo.storage.errors import UserError

MOST_NEVER_READY = 5
"""Deaths in a row before any worker was ready: then it is the program or the machine, and waiting does not help."""

MOST_PER_HOUR = 60
HOUR, QUICK_SECONDS = 3600.0, 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class Restarts:
    """Says how long to wait before what died is started again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._starts: deque[float] = deque(maxlen=MOST_PER_HOUR)
        self._quick = 0
        self._never_ready = 0

    def ready(self) -> None:
        """Take note that one that was started is ready for work."""
        self._never_ready = 0

    def pause(self, cause: str, last_words: str, *, was_ready: bool) -> float:
        """Return the seconds to wait after a death of this `cause`.

        Raises UserError, with the last words, after a few in a row that never got ready.
        """
        if not was_ready:
            self._never_ready += 1
        if self._never_ready >= MOST_NEVER_READY:
            raise UserError(
                f"{self._never_ready} times in a row a worker died before it was ready, the last time by {cause}: "
                f"giving up. Finished trials are kept; the same command resumes. Its last output:\n{last_words}"
            )
        now = self._clock()
        self._quick = self._quick + 1 if self._starts and now - self._starts[-1] < QUICK_SECONDS else 0
        growing = min(FIRST_PAUSE * 2.0 ** (self._quick - 1), LONGEST_PAUSE) if self._quick else 0.0
        full = len(self._starts) == MOST_PER_HOUR
        until_allowed = max(0.0, self._starts[0] + HOUR - now) if full else 0.0
        pause = max(growing, until_allowed)
        self._starts.append(now + pause)
        return pause
