"""The buffers of a fused stage: made once for a batch size, used at every step, dropped when the network rests."""

from collections.abc import Callable
from typing import Generic, TypeVar

Workspace = TypeVar("Workspace")

KEPT = 3  # a training batch, the smaller last one of an epoch, a chunk of prediction


class Workspaces(Generic[Workspace]):
    """One workspace for each of the last KEPT batch sizes; `make(N)` makes one.

    Fresh arrays at every step would cost a third of a small network's time: the system hands out their pages anew.
    """

    def __init__(self, make: Callable[[int], Workspace]) -> None:
        self._make = make
        self._kept: dict[int, Workspace] = {}

    def of(self, batch: int) -> Workspace:
        """Return the workspace for `batch` images."""
        found = self._kept.pop(batch, None)
        if found is None:
            found = self._make(batch)
        self._kept[batch] = found  # the latest used is the last, and the first goes
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return found

    def clear(self) -> None:
        """Let go of all of them."""
        self._kept.clear()
