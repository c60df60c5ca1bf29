"""Averaged weights: the mean of a network's parameters over the last steps of its training."""

import numpy as np

from hpo.models.arrays import Array
from hpo.models.descriptions import NetworkDescription
from hpo.models.optimizers import CHUNK
from hpo.models.settings import TrainingSettings


class ParameterAverage:
    """The running mean of the parameters (Polyak & Juditsky 1992), which can take their place in the network.

    Late steps with a constant learning rate jump about a minimum, and their mean lies nearer to it than they do
    (Izmailov et al. 2018, algorithm 1, here with every step). From the first step that counts on there is one more
    vector as long as the parameters, and each step goes over both once, in chunks that stay in the cache.
    """

    def __init__(self) -> None:
        self._count = 0
        self._shown = False
        self._other: Array | None = None  # the mean; while that is shown, the parameters that training goes on from
        self._scratch: Array | None = None

    def include(self, params: Array) -> None:
        """Take `params`, those of the newest step, into the mean; the vector must be the same one at every call."""
        self._count += 1
        if self._other is None or self._scratch is None:
            self._other = params.copy()
            self._scratch = np.empty(min(len(params), CHUNK), params.dtype)
            return
        share = 1 / self._count
        for start in range(0, len(params), CHUNK):
            mean = self._other[start : start + CHUNK]
            scratch = self._scratch[: len(mean)]
            np.subtract(params[start : start + CHUNK], mean, out=scratch)
            scratch *= share
            mean += scratch  # mean <- mean + (p - mean) / n: equal parameters leave it exactly as it is

    def show(self, params: Array) -> None:
        """Put the mean into `params`, in place, if there is one."""
        if not self._shown:
            self._exchange(params)

    def hide(self, params: Array) -> None:
        """Put the parameters that training goes on from back into `params`, bit for bit, if the mean is there."""
        if self._shown:
            self._exchange(params)

    def _exchange(self, params: Array) -> None:
        if self._other is None or self._scratch is None:
            return
        for start in range(0, len(params), CHUNK):
            one, other = params[start : start + CHUNK], self._other[start : start + CHUNK]
            scratch = self._scratch[: len(one)]
            scratch[...] = one
            one[...] = other
            other[...] = scratch
        self._shown = not self._shown


def check_averaging(network: NetworkDescription, settings: TrainingSettings) -> None:
    """Raise ValueError where averaged weights are asked for in a network that gathers statistics of the others."""
    if settings.averaging > 0 and network.batch_norm:
        raise ValueError(
            f"averaging = {settings.averaging:g} does not go with batch_norm = true: the running statistics would not "
            "be those of the averaged weights; set averaging = 0 or batch_norm = false"
        )
