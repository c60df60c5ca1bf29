"""From feature maps to vectors, between the convolutions and the affine layers."""

import math

import numpy as np

from hpo.models.arrays import Array, Shape
from hpo.models.layers.base import Layer, Memory


class Flatten(Layer):
    """(N, ...) to (N, D), in C order."""

    def __init__(self) -> None:
        self._shape: Memory[Shape] = Memory()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (D,), the product of `input_shape`."""
        return (math.prod(input_shape),)

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return (N, D), without a copy where the memory allows it."""
        if train:
            self._shape.keep(x.shape)
        return x.reshape(len(x), -1)

    def backward(self, grad_out: Array) -> Array:
        """Return `grad_out` in the input's shape."""
        return grad_out.reshape(self._shape.take())
