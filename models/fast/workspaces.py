"""The buffers of a fused stage: made once for a batch size, used at every step, dropped when the network rests."""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Array, Shape

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


class Scratch:
    """Arrays that several stages use in turn, one for each name and shape: what they hold is gone with the next stage.

    Sharing them keeps a step's memory within the cache: with arrays of its own for every stage, the book's network
    would touch three times as much, and lose what reusing them gains.
    """

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._dtype = dtype
        self._arrays: dict[tuple[str, Shape], Array] = {}

    def of(self, name: str, shape: Shape, dtype: npt.DTypeLike | None = None) -> Array:
        """Return the array `name` of `shape`, of zeros when it is new; another dtype only under another name."""
        key = (name, shape)
        if key not in self._arrays:
            self._arrays[key] = np.zeros(shape, dtype or self._dtype)
        return self._arrays[key]

    def clear(self) -> None:
        """Let go of all arrays."""
        self._arrays.clear()
