"""The optimizers: each turns gradients into a step, in place on one flat vector of parameters.

The loop over the vector goes in chunks that stay in the second-level cache together with the optimizer's state.
With g the gradient, lr the learning rate and all powers elementwise, the equations stand beside the lines.
"""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Array
from hpo.models.checks import check_choice, check_integer, check_number

CHUNK = 32_768  # entries: 128 kB of float32, so that parameters, gradients, two moments and scratch fill 640 kB
FLUSH_EVERY = 256  # steps


class Optimizer(ABC):
    """An update rule and its state for vectors of `size` entries of `dtype`.

    learning_rate: above 0. momentum: in [0, 1), used by "momentum" and "nesterov". ValueError for anything else.
    """

    flushed_below: ClassVar[tuple[float, ...]] = ()  # of each state vector: under this size an entry becomes 0

    def __init__(self, size: int, dtype: npt.DTypeLike, learning_rate: float, momentum: float = 0.9) -> None:
        check_integer("size", size, at_least=1)
        check_number("learning_rate", learning_rate, above=0)
        check_number("momentum", momentum, at_least=0, below=1)
        self.learning_rate, self.momentum = float(learning_rate), float(momentum)
        self.steps = 0
        self.state = tuple(np.zeros(size, dtype) for _ in self.flushed_below)
        self._scratch = np.empty(min(size, CHUNK), dtype)

    def step(self, params: Array, grads: Array, *, factor: float = 1.0) -> None:
        """Update `params` in place, (size,), against `grads`, (size,), which stay as they are.

        factor: what a schedule multiplies the learning rate by in this step.
        """
        self.steps += 1
        rate = self.learning_rate * factor
        for start in range(0, len(params), CHUNK):
            part = slice(start, start + CHUNK)
            chunk = params[part]
            state = [vector[part] for vector in self.state]
            self._update(chunk, grads[part], state, self._scratch[: len(chunk)], rate)
        if self.steps % FLUSH_EVERY == 0:
            self._flush()

    def decay_weights(self, weights: Array, grads: Array, weight_decay: float, *, factor: float = 1.0) -> None:  # noqa: ARG002 - the step applies it
        """Pull `weights` towards 0 in the step that follows, which has the same `factor`; both (size of the weights,).

        Coupled L2, unless a subclass says otherwise: the gradient of the penalty is added to `grads` in place.
        """
        for start in range(0, len(weights), CHUNK):
            part = slice(start, start + CHUNK)
            penalty = self._scratch[: len(weights[part])]
            np.multiply(weights[part], weight_decay, out=penalty)
            np.add(grads[part], penalty, out=grads[part])

    @abstractmethod
    def _update(self, p: Array, g: Array, state: list[Array], scratch: Array, rate: float) -> None:
        """Update one chunk of parameters `p` and of the state in place; `scratch` is as long as `p`.

        rate: this step's learning rate, lr in the equations.
        """

    def _flush(self) -> None:
        """Set what has faded from the state to 0.

        Where gradients stay 0, moments shrink until they are denormal, and arithmetic on denormals is several times
        slower: float32 Adam gets there after about 830 steps.
        """
        for vector, limit in zip(self.state, self.flushed_below, strict=True):
            for start in range(0, len(vector), CHUNK):
                chunk = vector[start : start + CHUNK]
                scratch = np.abs(chunk, out=self._scratch[: len(chunk)])
                chunk *= scratch >= limit


class SGD(Optimizer):
    """Stochastic gradient descent (the book, eq. 6.1)."""

    def decay_weights(self, weights: Array, grads: Array, weight_decay: float, *, factor: float = 1.0) -> None:  # noqa: ARG002 - see below
        """Shrink `weights` in place: without moments coupled L2 is just that, and one pass instead of three."""
        weights *= 1 - self.learning_rate * factor * weight_decay  # w - lr (g + wd w) = (1 - lr wd) w - lr g

    def _update(self, p: Array, g: Array, state: list[Array], scratch: Array, rate: float) -> None:  # noqa: ARG002 - it has none
        np.multiply(g, rate, out=scratch)
        p -= scratch  # p <- p - lr g


class Momentum(Optimizer):
    """SGD with momentum (Polyak 1964; the book, eq. 6.3 and 6.4)."""

    flushed_below = (1e-20,)

    def _update(self, p: Array, g: Array, state: list[Array], scratch: Array, rate: float) -> None:
        (v,) = state
        self._turn_velocity(v, g, scratch, rate)
        p += v  # p <- p + v

    def _turn_velocity(self, v: Array, g: Array, scratch: Array, rate: float) -> None:
        """Update `v` in place, and leave lr g in `scratch`."""
        np.multiply(g, rate, out=scratch)
        v *= self.momentum
        v -= scratch  # v <- momentum v - lr g


class Nesterov(Momentum):
    """Nesterov's momentum, with the gradient taken at the parameters (Bengio et al. 2013, "Advances", eq. 7)."""

    def _update(self, p: Array, g: Array, state: list[Array], scratch: Array, rate: float) -> None:
        (v,) = state
        self._turn_velocity(v, g, scratch, rate)
        p -= scratch
        np.multiply(v, self.momentum, out=scratch)
        p += scratch  # p <- p + momentum v - lr g


class AdaGrad(Optimizer):
    """Steps that shrink with the gradients seen so far (Duchi et al. 2011; the book, eq. 6.5 and 6.6)."""

    flushed_below = (0.0,)  # a sum never fades
    epsilon = 1e-7

    def _update(self, p: Array, g: Array, state: list[Array], scratch: Array, rate: float) -> None:
        (h,) = state
        np.multiply(g, g, out=scratch)
        h += scratch  # h <- h + g^2
        _descend(p, g, h, scratch, learning_rate=rate, epsilon=self.epsilon)


class RMSProp(Optimizer):
    """AdaGrad that forgets (Hinton's Coursera lecture 6.5, 2012); decay .99 as in the book's code."""

    flushed_below = (1e-34,)
    decay = 0.99
    epsilon = 1e-7

    def _update(self, p: Array, g: Array, state: list[Array], scratch: Array, rate: float) -> None:
        (h,) = state
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.decay
        h *= self.decay
        h += scratch  # h <- decay h + (1 - decay) g^2
        _descend(p, g, h, scratch, learning_rate=rate, epsilon=self.epsilon)


class Adam(Optimizer):
    """Adam with the authors' settings (Kingma & Ba 2015, algorithm 1).

    The state holds m / (1 - beta1) and v / (1 - beta2), so that g and g^2 enter unscaled; constants come in at the end.
    """

    flushed_below = (1e-20, 1e-34)
    beta1 = 0.9
    beta2 = 0.999
    epsilon = 1e-8

    def _update(self, p: Array, g: Array, state: list[Array], scratch: Array, rate: float) -> None:
        m, v = state
        m *= self.beta1
        m += g  # m <- beta1 m + (1 - beta1) g
        np.multiply(g, g, out=scratch)
        v *= self.beta2
        v += scratch  # v <- beta2 v + (1 - beta2) g^2
        # p <- p - lr (m/c1) / (sqrt(v/c2) + epsilon), with all constants moved out of the vectors (section 2)
        c1, c2 = 1 - self.beta1**self.steps, math.sqrt(1 - self.beta2**self.steps)
        spread = math.sqrt(1 - self.beta2)
        learning_rate = rate * c2 / c1 * (1 - self.beta1) / spread
        _descend(p, m, v, scratch, learning_rate=learning_rate, epsilon=self.epsilon * c2 / spread)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2).

    Adam divides a penalty's gradient by the size of the gradients, so that weights with large ones hardly decay. Here
    all decay at one rate, learning_rate·weight_decay, which is the paper's λ: its line 12 keeps λ apart from α.
    """

    def decay_weights(self, weights: Array, grads: Array, weight_decay: float, *, factor: float = 1.0) -> None:  # noqa: ARG002 - they never see it
        """Shrink `weights` in place; the gradients and their moments stay free of it."""
        weights *= 1 - self.learning_rate * factor * weight_decay  # w <- w - lr weight_decay w


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": AdamW,
}


def make_optimizer(
    name: str, size: int, *, learning_rate: float, momentum: float = 0.9, dtype: npt.DTypeLike = np.float32
) -> Optimizer:
    """Return a fresh optimizer, by its name in OPTIMIZERS, for vectors of `size` entries.

    Raises ValueError for another name and for settings out of range.
    """
    check_choice("optimizer", name, tuple(OPTIMIZERS))
    return OPTIMIZERS[name](size, dtype, learning_rate, momentum)


def _descend(
    p: Array, direction: Array, squares: Array, scratch: Array, *, learning_rate: float, epsilon: float
) -> None:
    """p <- p - learning_rate direction / (sqrt(squares) + epsilon), in place on `p`."""
    np.sqrt(squares, out=scratch)
    scratch += epsilon
    np.divide(direction, scratch, out=scratch)
    scratch *= learning_rate
    p -= scratch
