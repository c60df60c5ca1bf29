"""Blocks of 3x3 convolution, perhaps a 2x2 max pool, and ReLU, computed together: the body of a deep ConvNet.

Each block writes its outputs straight into the padded input of the next one; pools and ReLUs work on four rows while
they are in the cache. The book's deep ConvNet trains 2.6 times as fast as by the layers, in batches of 100
(tests/benchmarks/training.py, "layers").

Memory: nearly all of it is the transformed inputs of the convolutions (2.25 times their inputs), the padded inputs and
the gradients. For that network and N = 100 in float32 it is 50 MB, and in proportion for other batch sizes; prediction
alone takes 25 MB. Scratch for a band is shared by the convolutions.

Equal to the layers but for rounding. Where a pool or a ReLU is all but tied, rounding may decide it the other way than
in the layers. Blank background, the usual tie, is one here too: its transforms are zeros, and its outputs the bias.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Array, Shape
from hpo.models.fast.arena import Arena
from hpo.models.fast.bands import Accept, Bands, PoolReLUBands, ReLUBands
from hpo.models.fast.small_channels import SmallChannelConv
from hpo.models.fast.tiling import Tiling
from hpo.models.fast.winograd import WinogradConv
from hpo.models.fast.workspaces import Workspaces
from hpo.models.layers import Conv2d
from hpo.models.layers.base import Stage

FEWEST_CHANNELS: Final = 8  # below, unrolled windows are faster than transforms


@dataclass(frozen=True, slots=True)
class ConvBlock:
    """A convolution, then a 2x2 max pool if `pool`, then a ReLU; `conv` keeps the parameters and their gradients."""

    conv: Conv2d
    pool: bool


@dataclass(frozen=True, slots=True)
class _Workspace:
    """The blocks for one batch size. out: (OH, OW, N, F). grad_in: (H, W, N, C)."""

    convs: list[WinogradConv | SmallChannelConv]
    bands: list[Bands]
    out: Array
    grad_in: Array


class WinogradStack(Stage):
    """`blocks` for inputs of `input_shape`, (C, H, W); of equal maxima in a pool the first gets the gradient."""

    @staticmethod
    def fits(blocks: Sequence[ConvBlock], input_shape: Shape) -> bool:
        """Return whether a stack can stand for `blocks`, and gains by it."""
        for block in blocks:
            shape = block.conv.output_shape(input_shape)
            if (block.conv.kernel, block.conv.stride) != (3, 1):
                return False
            if block.pool and (shape[1] % 2 or shape[2] % 2):
                return False
            input_shape = _output_shape(block, input_shape)
        return any(block.conv.channels >= FEWEST_CHANNELS for block in blocks)

    def __init__(self, blocks: Sequence[ConvBlock], input_shape: Shape, dtype: npt.DTypeLike) -> None:
        self._blocks, self._dtype = tuple(blocks), np.dtype(dtype)
        self._input_shapes = [input_shape]
        for block in blocks[:-1]:
            self._input_shapes.append(_output_shape(block, self._input_shapes[-1]))
        self._workspaces = Workspaces(self._make)
        self._last: _Workspace | None = None

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return (N, F, OH, OW), a buffer of this stage, (OH, OW, N, F) in memory."""
        workspace = self._workspaces.of(len(x))
        self._last = workspace if train else None
        np.copyto(workspace.convs[0].interior, x.transpose(2, 3, 0, 1))
        for conv in workspace.convs:
            conv.forward(train=train)
        return workspace.out.transpose(2, 3, 0, 1)

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input, (N, C, H, W), a buffer of this stage, (H, W, N, C) in memory."""
        workspace = self._take()

        def accept(start: int, rows: Array) -> None:
            np.copyto(workspace.grad_in[start : start + len(rows)], rows)

        self._propagate(workspace, grad_out, accept)
        return workspace.grad_in.transpose(2, 3, 0, 1)

    def backward_parameters(self, grad_out: Array) -> None:
        """Fill the gradients of all weights and biases."""
        self._propagate(self._take(), grad_out, None)

    def release(self) -> None:
        """Let go of all buffers."""
        self._workspaces.clear()
        self._last = None

    def _take(self) -> _Workspace:
        last, self._last = self._last, None
        if last is None:
            raise RuntimeError("backward needs a forward(train=True) before it, one for each backward")
        return last

    @staticmethod
    def _propagate(workspace: _Workspace, grad_out: Array, accept: Accept | None) -> None:
        """Fill all gradients of parameters, and give the input's to `accept`, if there is one."""
        workspace.bands[-1].accept_all(grad_out.transpose(2, 3, 0, 1))
        receivers: list[Accept | None] = [accept, *(bands.accept for bands in workspace.bands[:-1])]
        for conv, receiver in zip(reversed(workspace.convs), reversed(receivers), strict=True):
            conv.backward(receiver)

    def _make(self, batch: int) -> _Workspace:
        """Return the blocks for `batch` images, made from the last to the first: each writes into the next one."""
        arena = Arena(self._dtype)
        tilings = [
            Tiling.of(block.conv, shape, batch, self._dtype.itemsize)
            for block, shape in zip(self._blocks, self._input_shapes, strict=True)
        ]
        kinds = [
            SmallChannelConv if _few(self._input_shapes[0]) else WinogradConv,
            *[WinogradConv] * (len(tilings) - 1),
        ]
        shapes = [kind.scratch_shapes(tiling) for kind, tiling in zip(kinds, tilings, strict=True)]
        scratch = arena.alternatives(shapes)
        filters, height, width = _output_shape(self._blocks[-1], self._input_shapes[-1])
        out = next_input = arena.zeros((height, width, batch, filters))
        convs: list[WinogradConv | SmallChannelConv] = []
        bands: list[Bands] = []
        for block, kind, tiling, arrays in reversed(list(zip(self._blocks, kinds, tilings, scratch, strict=True))):
            bands.append((PoolReLUBands if block.pool else ReLUBands)(tiling, next_input, arena))
            convs.append(kind(block.conv, tiling, bands[-1], arrays, arena))
            next_input = convs[-1].interior
        return _Workspace(convs[::-1], bands[::-1], out, arena.zeros(convs[-1].interior.shape))


def _few(input_shape: Shape) -> bool:
    return input_shape[0] < FEWEST_CHANNELS


def _output_shape(block: ConvBlock, input_shape: Shape) -> Shape:
    """Return (F, OH, OW) after the block."""
    filters, height, width = block.conv.output_shape(input_shape)
    return (filters, height // 2, width // 2) if block.pool else (filters, height, width)
