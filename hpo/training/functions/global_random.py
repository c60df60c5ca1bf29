"""The random numbers that a library draws where nobody gives it a seed: random's, numpy.random's and torch's own.

Trainings that take turns in one process would draw from the same ones, so that a score would depend on who else trains
there. Each training gets its own: they are seeded at its start, put away when it pauses and put back when it goes on.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from hpo.searching.seeds import split_seed


class GlobalRandom:
    """The global random numbers as one training sees them; `seed` decides them."""

    def __init__(self, seed: int) -> None:
        self._seed, self._states = seed, {}
        self.torch_came_late = False
        """Whether torch was imported in the middle of the training, and so could not be seeded at its start."""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let the training draw from its own inside this block; the process's own come back behind it."""
        before = _states()
        if self._states:
            _restore(self._states)
        else:
            _seed(self._seed)
        try:
            yield
        finally:
            self._states = _states()
            self.torch_came_late = self.torch_came_late or len(self._states) > len(before)
            _restore(before)

    _states: dict[str, Any]


def _torch() -> Any:
    """Return torch where it is imported already, as importing it takes seconds, else None."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "get_rng_state") and hasattr(torch, "manual_seed") else None


def _states() -> dict[str, Any]:
    states: dict[str, Any] = {"random": random.getstate(), "numpy": np.random.get_state()}  # noqa: NPY002 - it is this
    if (torch := _torch()) is not None:
        states["torch"] = torch.get_rng_state()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def _restore(states: dict[str, Any]) -> None:
    set_numpy: Callable[[Any], None] = np.random.set_state
    random.setstate(states["random"])
    set_numpy(states["numpy"])
    if "torch" in states:
        _torch().set_rng_state(states["torch"])
    if "cuda" in states:
        _torch().cuda.set_rng_state_all(states["cuda"])


def _seed(seed: int) -> None:
    ours, numpys, torchs = split_seed(seed, 3)
    random.seed(ours)
    np.random.seed(numpys)  # noqa: NPY002 - it is this
    if (torch := _torch()) is not None:
        torch.manual_seed(torchs)
