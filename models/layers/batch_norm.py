"""Batch normalisation: every feature has mean 0 and variance 1 over the batch (the book, section 6.3)."""

import numpy as np

from hpo.models.arrays import Array, Shape
from hpo.models.layers.base import Layer, Memory, Parameter, Statistic

MOMENTUM = 0.9  # the share of a running statistic that a training step keeps
EPSILON = 1e-5  # added to variances: a feature that is the same in the whole batch becomes 0, not NaN


class BatchNorm(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta (Ioffe & Szegedy 2015, algorithm 1), gamma and beta (C,).

    For vectors (N, C) every entry is a feature, with its mean over N; for maps (N, C, H, W) every channel is one, with
    its mean over N, H and W (their section 3.2). Prediction takes running statistics instead, so that no image depends
    on the others beside it. So does training for a batch with a single value a feature, such as one vector: it has no
    variance. Such a batch leaves the running statistics as they are.
    """

    def __init__(self, features: int) -> None:
        self.parameters = (Parameter("gamma", (features,), start=1.0), Parameter("beta", (features,)))
        self.statistics = (Statistic("mean", (features,)), Statistic("variance", (features,), start=1.0))
        self._normalized: Memory[Array] = Memory()
        self._slope: Memory[Array] = Memory()  # 1 / sqrt(variance + epsilon), (C,)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return `input_shape`, (C,) or (C, H, W); ValueError for another C."""
        (features,) = self.parameters[0].shape
        if len(input_shape) not in (1, 3) or input_shape[0] != features:
            raise ValueError(
                f"a batch normalisation of {features} features takes ({features},) or ({features}, H, W), "
                f"got {input_shape}"
            )
        return input_shape

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return the normalised `x`, same shape; training also moves the running statistics."""
        axes, values = _axes(x), _values(x)
        has_variance = train and values > 1
        mean = x.mean(axis=axes) if has_variance else self.running["mean"]
        normalized: Array = x - _spread(mean, x)
        variance = np.square(normalized).mean(axis=axes) if has_variance else self.running["variance"]
        if has_variance:
            self._observe(mean, variance, values)
        slope = 1 / np.sqrt(variance + EPSILON)
        normalized *= _spread(slope, x)
        if train:
            self._slope.keep(slope)
            self._normalized.keep(normalized)
        out: Array = normalized * _spread(self.params["gamma"], x)
        out += _spread(self.params["beta"], x)
        return out

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input, same shape as `grad_out`; mean and variance depend on the input too."""
        normalized, slope = self._normalized.take(), self._slope.take()
        axes, values = _axes(grad_out), _values(grad_out)
        np.sum(grad_out * normalized, axis=axes, out=self.grads["gamma"])
        np.sum(grad_out, axis=axes, out=self.grads["beta"])
        scale = self.params["gamma"] * slope
        if values == 1:  # running statistics do not depend on the input
            alone: Array = grad_out * _spread(scale, grad_out)
            return alone
        # The six lines of section 3 put together: gamma/sigma (g - mean(g) - x mean(g x)), for the normalised x.
        normalized *= _spread(self.grads["gamma"] / values, grad_out)
        grad_in: Array = grad_out - normalized
        grad_in -= _spread(self.grads["beta"] / values, grad_out)
        grad_in *= _spread(scale, grad_out)
        return grad_in

    def _observe(self, mean: Array, variance: Array, values: int) -> None:
        """Move the running statistics towards those of a batch, (C,) each, over `values` values a feature."""
        unbiased = variance * (values / (values - 1))  # prediction's estimate (algorithm 2, line 10)
        for name, newest in (("mean", mean), ("variance", unbiased)):
            self.running[name][...] = MOMENTUM * self.running[name] + (1 - MOMENTUM) * newest


def _axes(x: Array) -> tuple[int, ...]:
    """Return the axes that are not features: of x (N, C) the first, of x (N, C, H, W) all but the second."""
    return (0, *range(2, x.ndim))


def _values(x: Array) -> int:
    """Return how many values of each feature `x` holds."""
    return int(x.size // x.shape[1])


def _spread(features: Array, x: Array) -> Array:
    """Return `features`, (C,), in a shape that meets the second axis of `x`."""
    return features.reshape(-1, *(1,) * (x.ndim - 2))
