"""The affine layer: every output is a weighted sum of all inputs plus a bias (the book, section 5.6)."""

import numpy as np

from hpo.models.arrays import Array, Shape
from hpo.models.layers.base import Layer, Memory, Parameter


class Affine(Layer):
    """x @ weight + bias for x (N, inputs); weight (inputs, outputs), bias (outputs,) unless bias=False."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        weight = Parameter("weight", (inputs, outputs), fan_in=inputs)
        self.parameters = (weight, Parameter("bias", (outputs,))) if bias else (weight,)
        self.bias = bias
        self._input: Memory[Array] = Memory()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (outputs,)."""
        inputs, outputs = self.parameters[0].shape
        if input_shape != (inputs,):
            raise ValueError(f"an affine layer of {inputs} inputs takes shape ({inputs},), got {input_shape}")
        return (outputs,)

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return (N, outputs)."""
        if train:
            self._input.keep(x)
        out: Array = x @ self.params["weight"]
        if self.bias:
            out += self.params["bias"]
        return out

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input, (N, inputs)."""
        self.backward_parameters(grad_out)
        grad_in: Array = grad_out @ self.params["weight"].T
        return grad_in

    def backward_parameters(self, grad_out: Array) -> None:
        """Fill the gradients of weight and bias."""
        np.matmul(self._input.take().T, grad_out, out=self.grads["weight"])
        if self.bias:
            # ones @ grad_out is the sum over the batch, by BLAS: 2.5 times as fast as sum(axis=0).
            np.dot(np.ones(len(grad_out), grad_out.dtype), grad_out, out=self.grads["bias"])
