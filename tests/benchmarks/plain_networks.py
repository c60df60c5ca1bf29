"""The plain reference: networks, optimizers and training in the book's style, to say what ours buy."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from hpo.models import Array, IntArray
from tests.benchmarks import architectures as a
from tests.benchmarks import plain_layers

EVALUATED_AT_ONCE = 100  # images, as the book's ConvNets are


class PlainOptimizer(Protocol):
    def update(self, params: dict[str, Array], grads: dict[str, Array]) -> None: ...


class SGD:
    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    def update(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
        for key in params:
            params[key] -= self.learning_rate * grads[key]


class Adam:
    """Kingma & Ba 2015, with the bias corrections in the learning rate (end of section 2), as the book has it."""

    def __init__(self, learning_rate: float, beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.learning_rate, self.beta1, self.beta2 = learning_rate, beta1, beta2
        self.steps = 0
        self.m: dict[str, Array] = {}
        self.v: dict[str, Array] = {}

    def update(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
        if not self.m:
            for key, value in params.items():
                self.m[key], self.v[key] = np.zeros_like(value), np.zeros_like(value)
        self.steps += 1
        rate = self.learning_rate * math.sqrt(1 - self.beta2**self.steps) / (1 - self.beta1**self.steps)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= rate * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


class PlainNetwork:
    """Layers in a row, float64; `params` and the gradients are dicts with W1, b1, W2, ... in the layers' order.

    He initialisation. weight_decay: coupled L2 on the weights; the loss has its penalty, as the book's has.
    """

    def __init__(self, layers: a.Architecture, rng: np.random.Generator, weight_decay: float = 0.0) -> None:
        self.weight_decay = weight_decay
        self.params: dict[str, Array] = {}
        self.layers = [self._build(layer, rng) for layer in layers]
        self.last = plain_layers.SoftmaxWithLoss()
        self._weighted = [
            each for each in self.layers if isinstance(each, plain_layers.Affine | plain_layers.Convolution)
        ]

    def _build(self, layer: a.Layer, rng: np.random.Generator):
        match layer:
            case a.Affine() | a.Convolution():
                number = len(self.params) // 2 + 1
                shape = layer.weight_shape
                affine = isinstance(layer, a.Affine)
                fan_in, outputs = (layer.inputs, layer.outputs) if affine else (math.prod(shape[1:]), layer.filters)
                weight = self.params[f"W{number}"] = math.sqrt(2 / fan_in) * rng.standard_normal(shape)
                bias = self.params[f"b{number}"] = np.zeros(outputs)
                if affine:
                    return plain_layers.Affine(weight, bias)
                return plain_layers.Convolution(weight, bias, layer.padding)
            case a.MaxPool(size):
                return plain_layers.MaxPool(size)
            case a.Dropout(ratio):
                return plain_layers.Dropout(ratio)
            case a.Relu():
                return plain_layers.Relu()
            case a.Flatten():
                return plain_layers.Flatten()

    def predict(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return the logits; with `rng`, as in training."""
        for layer in self.layers:
            x = layer.forward(x, rng)
        return x

    def loss(self, x: Array, labels: IntArray, rng: np.random.Generator | None) -> float:
        penalty = 0.0
        for key, value in self.params.items():
            if key.startswith("W"):
                penalty += 0.5 * self.weight_decay * np.sum(value**2)
        return self.last.forward(self.predict(x, rng), labels) + penalty

    def gradient(self, x: Array, labels: IntArray, rng: np.random.Generator) -> dict[str, Array]:
        self.loss(x, labels, rng)
        dout = self.last.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        grads = {}
        for number, layer in enumerate(self._weighted, start=1):
            grads[f"W{number}"] = layer.weight_gradient + self.weight_decay * layer.weight
            grads[f"b{number}"] = layer.bias_gradient
        return grads

    def accuracy(self, x: Array, labels: IntArray) -> float:
        hits = 0
        for start in range(0, len(x), EVALUATED_AT_ONCE):
            part = slice(start, start + EVALUATED_AT_ONCE)
            hits += int(np.sum(np.argmax(self.predict(x[part]), axis=1) == labels[part]))
        return hits / len(x)


class PlainTrainer:
    """The book's trainer: every batch is drawn anew from all images.

    images: float64, in 0..1. second_loss: look at the batch's loss after each update as well, as the book does.
    """

    def __init__(
        self,
        network: PlainNetwork,
        optimizer: PlainOptimizer,
        images: Array,
        labels: IntArray,
        *,
        batch_size: int,
        rng: np.random.Generator,
        second_loss: bool = True,
    ) -> None:
        self.network, self.optimizer = network, optimizer
        self.images, self.labels, self.batch_size, self.rng = images, labels, batch_size, rng
        self.second_loss = second_loss
        self.losses: list[float] = []

    def train(self, steps: int) -> None:
        for _ in range(steps):
            indices = self.rng.choice(len(self.images), self.batch_size)
            x, labels = self.images[indices], self.labels[indices]
            self.optimizer.update(self.network.params, self.network.gradient(x, labels, self.rng))
            if self.second_loss:
                self.losses.append(self.network.loss(x, labels, self.rng))
