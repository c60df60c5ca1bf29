"""What every layer is: forward, backward, and the parameters it asks the network to keep for it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from hpo.models.arrays import Array, Shape

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One trainable array of a layer.

    fan_in: how many inputs each output sums over. With it, the array holds weights: drawn at random, decayed.
    None: it holds biases or scales: `start` at first, never decayed.
    """

    name: str
    shape: Shape
    fan_in: int | None = None
    start: float = 0.0

    @property
    def decayed(self) -> bool:
        """Whether weight decay applies."""
        return self.fan_in is not None


@dataclass(frozen=True, slots=True)
class Statistic:
    """One array, `start` at first, that a layer gathers over training steps and reads in prediction; no gradient."""

    name: str
    shape: Shape
    start: float = 0.0


class Stage(ABC):
    """One step of a computation, from a batch (N, ...) to a batch (N, ...): a layer, or several layers fused into one.

    A stage never writes into an array that it was given. What it returns may be a buffer of its own, which its next
    forward or backward overwrites, in any order of the axes in memory.
    """

    @abstractmethod
    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:
        """Return the outputs (N, *output_shape) for `x` (N, *input_shape), in the dtype of `x`.

        train: keep what `backward` needs, and drop units where the layer does so; `rng` decides which.
        """

    @abstractmethod
    def backward(self, grad_out: Array) -> Array:
        """Fill the gradients of the parameters and return the gradient at the last training input, same shape as it.

        grad_out: the loss's gradient at the last output. RuntimeError without a forward(train=True) before.
        """

    def backward_parameters(self, grad_out: Array) -> None:
        """Fill the gradients of the parameters only, which is all that a network's first stage needs."""
        self.backward(grad_out)

    def release(self) -> None:  # noqa: B027 - most stages have none
        """Let go of all buffers: a network that rests holds its parameters and statistics, and no batch."""


class Layer(Stage):
    """A stage with parameters of its own, as the field's textbooks cut networks: the reference for everything fused.

    What backward needs it keeps from forward(train=True) on and lets go of in backward.
    """

    parameters: tuple[Parameter, ...] = ()
    statistics: tuple[Statistic, ...] = ()

    def attach(
        self, params: Mapping[str, Array], grads: Mapping[str, Array], running: Mapping[str, Array] | None = None
    ) -> None:
        """Take the arrays that the network keeps: `params` to read, `grads` to fill, `running` to move in training.

        The first two hold one array a parameter, the last one a statistic; None is for a layer without any.
        """
        self.params = params
        self.grads = grads
        self.running = running or {}

    @abstractmethod
    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output (without N) for inputs of `input_shape`; ValueError if they don't fit."""


class Memory(Generic[Kept]):
    """What a layer keeps from forward to backward: taken out once, so that no batch outlives its step."""

    def __init__(self) -> None:
        self._kept: Kept | None = None

    def keep(self, value: Kept) -> None:
        """Keep `value` until `take`, in place of what was kept."""
        self._kept = value

    def take(self) -> Kept:
        """Return what was kept and forget it; RuntimeError if there is nothing."""
        kept, self._kept = self._kept, None
        if kept is None:
            raise RuntimeError("backward needs a forward(train=True) before it, one for each backward")
        return kept
