"""What carries the trials of a study: the engine knows no more of it than this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Announce = Callable[[str], None]
"""Says a line to whoever watches."""


class Launcher(Protocol):
    """Workers for one study, wherever they run."""

    def wait(self, seconds: float) -> bool:
        """Wait until a worker has nothing to do, for at most `seconds`; say whether one has."""

    def nudge(self) -> None:
        """Tell the workers that there may be something to do."""

    def look_after(self) -> None:
        """Replace workers that died. Raises UserError if one gave up on the user's input, or too many died."""

    def stop(self) -> None:
        """Ask all workers to stop, and end those that do not."""


Launch = Callable[[Announce], Launcher]
"""Starts the workers."""

LaunchFor = Callable[[str], Launch]
"""How the workers of the study, or the certificate, with this name are started."""
