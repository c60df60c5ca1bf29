"""Arrays side by side in a few large blocks of memory.

For blocks of 4 MB and more NumPy asks Linux for huge pages. With ordinary ones the processor spends its time on looking
up where pages lie: a training step of the deep ConvNet takes 4 % longer.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Final

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Array, Shape

BLOCK_BYTES: Final = 16 << 20  # what is never written to takes no memory, so a last block may stay half empty
LINE_BYTES: Final = 64  # of the processor's cache


class Arena:
    """Hands out arrays of zeros, of `dtype` unless another is asked for; first from `free`, a block of bytes."""

    def __init__(self, dtype: npt.DTypeLike, free: Array | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self._free = np.zeros(0, np.uint8) if free is None else free

    def zeros(self, shape: Shape, dtype: npt.DTypeLike | None = None) -> Array:
        """Return a new array of zeros that starts a line of the cache."""
        wanted = self.dtype if dtype is None else np.dtype(dtype)
        size = prod(shape) * wanted.itemsize
        room = _room(size)
        if room > len(self._free):
            block = np.zeros(max(room, BLOCK_BYTES) + LINE_BYTES, np.uint8)
            self._free = block[-block.ctypes.data % LINE_BYTES :]
        array, self._free = self._free[:size], self._free[room:]
        return array.view(wanted).reshape(shape)

    def alternatives(self, wanted: Sequence[Mapping[str, Shape]]) -> list[dict[str, Array]]:
        """Return arrays of the wanted shapes: side by side within a mapping, in the same memory for each mapping."""
        sizes = [sum(_room(prod(shape) * self.dtype.itemsize) for shape in shapes.values()) for shapes in wanted]
        memory = self.zeros((max(sizes),), np.uint8)
        arrays = []
        for shapes in wanted:
            again = Arena(self.dtype, memory)
            arrays.append({name: again.zeros(shape) for name, shape in shapes.items()})
        return arrays


def _room(size: int) -> int:
    """Return the bytes that an array of `size` bytes takes: whole lines, and one more.

    Without it arrays would often lie at distances of whole pages and compete for the same places in the cache.
    """
    return (-(-size // LINE_BYTES) + 1) * LINE_BYTES
