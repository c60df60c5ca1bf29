"""How a command waits for its database: as long as it was asked to, and not a moment longer once somebody stops it."""

from __future__ import annotations

from collections.abc import Callable

from hpo.engine.interrupts import pause
from hpo.storage.patience import DEFAULT_SECONDS, Patience


def patience(asked: float | None, say: Callable[[str], None], *, insists: bool = False) -> Patience:
    """Return the patience that --patience asks for, in seconds; None if it asks for none.

    Who asks for some waits from the beginning, and so do those that `insists` says it of: a worker whose search runs.
    Other people learn at once that no server is where they look for one.
    """
    seconds = DEFAULT_SECONDS if asked is None else asked
    return Patience(seconds, say, pause, insists=insists or asked is not None)
