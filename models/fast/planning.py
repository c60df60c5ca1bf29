"""Which layers are computed together: from a network's layers to the stages that stand for them.

The layers are the reference; every fused stage is proved equal to the layers it stands for. Where no stage fits, the
layer itself is the stage.
"""

from collections.abc import Sequence

import numpy.typing as npt

from hpo.models.arrays import Shape
from hpo.models.fast.affine import FusedAffine
from hpo.models.fast.conv_pool import ConvPoolReLU
from hpo.models.fast.winograd_stack import ConvBlock, WinogradStack
from hpo.models.fast.workspaces import Scratch
from hpo.models.layers import Affine, Conv2d, Layer, MaxPool2d, ReLU
from hpo.models.layers.base import Stage


def plan(layers: Sequence[Layer], input_shape: Shape, dtype: npt.DTypeLike, *, winograd: bool = True) -> list[Stage]:
    """Return stages that compute what `layers` do, on inputs (N, *input_shape) of `dtype`.

    The layers keep the parameters, which must be attached before the stages compute. winograd: whether 3x3 convolutions
    may be computed by Winograd's algorithm.
    """
    stages: list[Stage] = []
    scratch = Scratch(dtype)
    shape, place = input_shape, 0
    while place < len(layers):
        stage, count = _stage(layers[place:], shape, scratch, dtype, winograd=winograd)
        stages.append(stage)
        for layer in layers[place : place + count]:
            shape = layer.output_shape(shape)
        place += count
    return stages


def _stage(
    layers: Sequence[Layer], shape: Shape, scratch: Scratch, dtype: npt.DTypeLike, *, winograd: bool
) -> tuple[Stage, int]:
    """Return the stage for the first of `layers`, and for how many of them it stands."""
    blocks, count = _conv_blocks(layers)
    if winograd and blocks and WinogradStack.fits(blocks, shape):
        return WinogradStack(blocks, shape, dtype), count
    match list(layers[:3]):
        case [Conv2d() as conv, MaxPool2d() as pool, ReLU()] if ConvPoolReLU.fits(conv, pool, shape):
            return ConvPoolReLU(conv, shape, dtype), 3
        case [Affine() as affine, ReLU(), *_]:
            return FusedAffine(affine, scratch, dtype, relu=True), 2
        case [Affine() as affine, *_]:
            return FusedAffine(affine, scratch, dtype, relu=False), 1
    return layers[0], 1


def _conv_blocks(layers: Sequence[Layer]) -> tuple[list[ConvBlock], int]:
    """Return the blocks of convolution, perhaps a 2x2 pool, and ReLU that `layers` begin with, and their layers' count.

    Whether they fit a stage is for the stage to say.
    """
    blocks: list[ConvBlock] = []
    place = 0
    while True:
        match list(layers[place : place + 3]):
            case [Conv2d() as conv, ReLU(), *_]:
                blocks.append(ConvBlock(conv, pool=False))
                place += 2
            case [Conv2d() as conv, MaxPool2d(size=2, stride=2), ReLU()]:
                blocks.append(ConvBlock(conv, pool=True))
                place += 3
            case _:
                return blocks, place
