"""Dropout: training steps silence a random share of the units (Srivastava et al. 2014; the book, section 6.4.3)."""

import numpy as np

from hpo.models.arrays import Array, Shape
from hpo.models.checks import check_number
from hpo.models.layers.base import Layer, Memory


class Dropout(Layer):
    """Inverted dropout, any shape: training sets a share `ratio` to 0 and divides the rest by 1 - ratio.

    So the expectation stays, and prediction passes everything on unchanged (the book scales at prediction instead).
    """

    def __init__(self, ratio: float) -> None:
        check_number("dropout", ratio, at_least=0, below=1)
        self.ratio = ratio
        self._scale: Memory[Array] = Memory()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return `input_shape`."""
        return input_shape

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:
        """Return `x` itself in prediction, a thinned copy in training; ValueError for training without `rng`."""
        if not train:
            return x
        if rng is None:
            raise ValueError("dropout draws which units it silences: give forward(train=True) an rng")
        kept = rng.random(x.shape, dtype=np.float32) >= self.ratio
        scale = np.multiply(kept, 1 / (1 - self.ratio), dtype=x.dtype)
        self._scale.keep(scale)
        return x * scale

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input: 0 for the silenced units, scaled like the output for the others."""
        grad_in: Array = grad_out * self._scale.take()
        return grad_in
