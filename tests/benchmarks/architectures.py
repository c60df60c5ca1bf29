"""The benchmark's networks as rows of layers: what the plain reference, the PyTorch twins and the flop counts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hpo import models

SIDE, CLASSES = 28, 10  # MNIST: images of 28 x 28 pixels

MLP = models.MultiLayerNetDescription()
WIDE_MLP = models.MultiLayerNetDescription(hidden=(512, 512))
SIMPLE_CONVNET = models.ConvNetDescription()
DEEP_CONVNET = models.ConvNetDescription(
    filters=(16, 32, 64),
    convolutions=2,
    kernel=3,
    padding=(1, 1, 1, 2, 1, 1),
    hidden=(50,),
    dropout=0.5,
    output_dropout=0.5,
)


@dataclass(frozen=True, slots=True)
class Affine:
    inputs: int
    outputs: int

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.inputs, self.outputs)

    @property
    def flops(self) -> int:
        """A multiplication and an addition for every weight, in one product with one image."""
        return 2 * self.inputs * self.outputs


@dataclass(frozen=True, slots=True)
class Convolution:
    """Stride 1; `size` is the side of its square output, in pixels."""

    channels: int
    filters: int
    kernel: int
    padding: int
    size: int

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.filters, self.channels, self.kernel, self.kernel)

    @property
    def flops(self) -> int:
        """A multiplication and an addition for every weight at every output pixel, in one product with one image."""
        return 2 * self.filters * self.channels * self.kernel**2 * self.size**2


@dataclass(frozen=True, slots=True)
class MaxPool:
    size: int


@dataclass(frozen=True, slots=True)
class Dropout:
    ratio: float


@dataclass(frozen=True, slots=True)
class Relu:
    pass


@dataclass(frozen=True, slots=True)
class Flatten:
    pass


Layer: TypeAlias = Affine | Convolution | MaxPool | Dropout | Relu | Flatten
Architecture: TypeAlias = tuple[Layer, ...]


def architecture(description: models.NetworkDescription) -> Architecture:
    """Return the layers of `description` in the book's order, for MNIST: ReLU comes before the pool.

    MLPs take images as vectors (N, 784), ConvNets as (N, 1, 28, 28). Only what the benchmark's networks use is known.
    """
    layers: list[Layer] = []
    width = SIDE * SIDE
    if isinstance(description, models.ConvNetDescription):
        layers, width = _convolutions(description)
    for units in description.hidden:
        layers += [Affine(width, units), Relu()]
        if description.dropout > 0:
            layers.append(Dropout(description.dropout))
        width = units
    layers.append(Affine(width, CLASSES))
    if isinstance(description, models.ConvNetDescription) and description.output_dropout > 0:
        layers.append(Dropout(description.output_dropout))
    return tuple(layers)


def weighted(layers: Sequence[Layer]) -> list[Affine | Convolution]:
    """Return the layers that have weights and biases, in order."""
    return [layer for layer in layers if isinstance(layer, Affine | Convolution)]


def forward_flops(layers: Sequence[Layer], images: int) -> int:
    """Return the floating-point operations of one product a weighted layer; everything else is small beside them."""
    return images * sum(layer.flops for layer in weighted(layers))


def training_flops(layers: Sequence[Layer], images: int) -> int:
    """Return the operations of a training step: 3 F - F1, with F those of a forward pass and F1 its first layer's.

    Every weighted layer takes three products of one size: the outputs, the gradient of the weights, and the gradient
    at the inputs, which nobody needs for the first layer.
    """
    return 3 * forward_flops(layers, images) - images * weighted(layers)[0].flops


def _convolutions(description: models.ConvNetDescription) -> tuple[list[Layer], int]:
    """Return the layers up to the first affine one, and how many inputs that has."""
    layers: list[Layer] = []
    channels, size = 1, SIDE
    paddings = iter(description.paddings)
    for filters in description.filters:
        for _ in range(description.convolutions):
            margin = next(paddings)
            size += 2 * margin - description.kernel + 1
            layers += [Convolution(channels, filters, description.kernel, margin, size), Relu()]
            channels = filters
        layers.append(MaxPool(description.pool_size))
        size //= description.pool_size
    return [*layers, Flatten()], channels * size * size
