"""The logistic function 1 / (1 + exp(-x)) (the book, section 5.5.2)."""

import numpy as np

from hpo.models.arrays import Array, Shape
from hpo.models.layers.base import Layer, Memory


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), any shape."""

    def __init__(self) -> None:
        self._output: Memory[Array] = Memory()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return `input_shape`."""
        return input_shape

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return values in [0, 1], the shape of `x`."""
        out: Array = np.tanh(x * 0.5)  # the same function, and no exponential that can overflow
        out *= 0.5
        out += 0.5
        if train:
            self._output.keep(out)
        return out

    def backward(self, grad_out: Array) -> Array:
        """Return grad_out * y * (1 - y), where y was the output."""
        y = self._output.take()
        grad_in: Array = grad_out * y
        grad_in *= 1 - y
        return grad_in
