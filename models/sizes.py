"""How large a network is, counted from its layers before a single number of it is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from hpo.models.arrays import Shape
from hpo.models.layers import Layer

MOST_PARAMETERS = 250_000_000
"""A gigabyte of float32, a thousand times the book's deep ConvNet; with gradients and an optimizer's state, four."""

MOST_ACTIVATIONS = 100_000_000
"""Numbers that all layers together put out for one image: 400 MB, and twice that in training."""

COPIES_OF_PARAMETERS = 6
"""Parameters, gradients, up to two states of an optimizer, a snapshot, and what is drawn in float64 at the start."""

COPIES_OF_ACTIVATIONS = 3
"""What the layers put out, what they keep of it, and the gradient at it."""

BYTES = 4
"""Of a float32."""


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """Counts of numbers: trainable ones, running statistics, and what all layers put out for one image."""

    parameters: int
    statistics: int
    activations: int

    def training_bytes(self, batch_size: int) -> int:
        """Return about how much memory training takes with `batch_size` images a step."""
        return BYTES * (COPIES_OF_PARAMETERS * self.parameters + COPIES_OF_ACTIVATIONS * self.activations * batch_size)

    def check(self) -> None:
        """Raise ValueError, with the numbers, for a network that is too large to be made."""
        if self.parameters > MOST_PARAMETERS:
            raise ValueError(
                f"the network would have {self.parameters:,} parameters ({in_gb(BYTES * self.parameters)}), more than "
                f"{MOST_PARAMETERS:,}; take fewer or smaller layers"
            )
        if self.activations > MOST_ACTIVATIONS:
            raise ValueError(
                f"the network would have {self.activations:,} activations per image "
                f"({in_gb(BYTES * self.activations)}), more than {MOST_ACTIVATIONS:,}; take fewer filters or layers, a "
                "smaller padding or a larger stride"
            )


def size_of(layers: Sequence[Layer], batch_shape: Shape) -> NetworkSize:
    """Return the size of a network of `layers` for one image of `batch_shape`; ValueError where they do not fit."""
    activations, shape = 0, batch_shape
    for layer in layers:
        shape = layer.output_shape(shape)
        activations += prod(shape)
    parameters = sum(prod(each.shape) for layer in layers for each in layer.parameters)
    statistics = sum(prod(each.shape) for layer in layers for each in layer.statistics)
    return NetworkSize(parameters, statistics, activations)


def in_gb(count: int) -> str:
    """Return `count` bytes as people say it."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"
