"""PyTorch twins of the benchmark's networks: as most people write them ("eager"), and as fast as they go ("best").

The best takes channels_last maps, ReLU after the pool (the same numbers for a quarter of the work), fused optimizers
and inference mode. Both get their images as float32 in advance, which ours scale from uint8 in every step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from hpo.models import Array, IntArray
from tests.benchmarks import architectures as a

EVALUATED_AT_ONCE = 100  # images, as ours


def one_thread() -> None:
    """Let PyTorch compute on one thread, as ours does."""
    torch.set_num_threads(1)


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Have denormals count as 0 inside, and only there: the processor's switch would speed up NumPy too.

    Adam's moments of dead weights become denormal, which slows many processors down; this is PyTorch's own remedy.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def build(layers: a.Architecture, *, best: bool) -> nn.Sequential:
    """Return the network, He-initialised, its biases 0."""
    network = nn.Sequential(*(_module(layer) for layer in (_relu_after_pool(layers) if best else layers)))
    for module in network:
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
    if best and any(isinstance(layer, a.Convolution) for layer in layers):
        network = network.to(memory_format=torch.channels_last)
    return network


def set_parameters(network: nn.Sequential, weights: Sequence[Array], biases: Sequence[Array]) -> None:
    """Copy parameters into `network`, in the layers' order; an affine weight is (inputs, outputs), as ours."""
    modules = [module for module in network if isinstance(module, nn.Linear | nn.Conv2d)]
    with torch.no_grad():
        for module, weight, bias in zip(modules, weights, biases, strict=True):
            module.weight.copy_(torch.from_numpy(weight.T if weight.ndim == 2 else weight))
            module.bias.copy_(torch.from_numpy(bias))


class TorchTrainer:
    """Trains a fresh twin of `layers`.

    images: float32 in 0..1, (N, 784) or (N, 1, 28, 28). optimizer: "sgd" or "adam". weight_decay: on weights only.
    """

    def __init__(
        self,
        layers: a.Architecture,
        images: Array,
        labels: IntArray,
        *,
        best: bool,
        optimizer: str,
        learning_rate: float,
        batch_size: int,
        weight_decay: float = 0.0,
    ) -> None:
        self.network = build(layers, best=best)
        self._best = best
        self.images, self.labels = self._tensors(images, labels)
        self._batch_size = batch_size
        self._batches = self._indices()
        parameters = list(self.network.parameters())
        groups = [
            {"params": [each for each in parameters if each.ndim > 1], "weight_decay": weight_decay},
            {"params": [each for each in parameters if each.ndim == 1], "weight_decay": 0.0},
        ]
        make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
        self.optimizer = make(groups if weight_decay else parameters, lr=learning_rate, fused=True if best else None)

    def train(self, steps: int) -> None:
        with flushed_denormals():
            self.network.train()
            for _ in range(steps):
                indices = next(self._batches)
                images, labels = self.images.index_select(0, indices), self.labels.index_select(0, indices)
                self.optimizer.zero_grad(set_to_none=True)
                functional.cross_entropy(self.network(images), labels).backward()
                self.optimizer.step()

    def evaluate_all(self) -> tuple[float, float]:
        """Return loss and accuracy on the training images."""
        return self._evaluate(self.images, self.labels)

    def evaluate(self, images: Array, labels: IntArray) -> tuple[float, float]:
        """Return loss and accuracy on others, of the same form."""
        return self._evaluate(*self._tensors(images, labels))

    def _evaluate(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
        self.network.eval()
        with torch.inference_mode() if self._best else torch.no_grad():
            logits = torch.cat([self.network(part) for part in images.split(EVALUATED_AT_ONCE)])
            loss = functional.cross_entropy(logits, labels)
            return float(loss), float((logits.argmax(dim=1) == labels).float().mean())

    def _tensors(self, images: Array, labels: IntArray) -> tuple[torch.Tensor, torch.Tensor]:
        floats = torch.from_numpy(images)
        if self._best and images.ndim == 4:
            floats = floats.contiguous(memory_format=torch.channels_last)
        return floats, torch.tensor(labels)

    def _indices(self) -> Iterator[torch.Tensor]:
        while True:
            yield from torch.randperm(len(self.images)).split(self._batch_size)


def loss_and_gradients(network: nn.Sequential, images: Array, labels: IntArray) -> tuple[float, list[Array]]:
    """Return the loss and the gradients of weight, bias, weight, ...; an affine weight's is (inputs, outputs)."""
    network.zero_grad()
    loss = functional.cross_entropy(network(torch.from_numpy(images)), torch.from_numpy(labels))
    loss.backward()
    grads = [np.asarray(parameter.grad) for parameter in network.parameters()]
    return loss.item(), [grad.T if grad.ndim == 2 else grad for grad in grads]


def _relu_after_pool(layers: a.Architecture) -> list[a.Layer]:
    """Let each pool and the ReLU before it change places: max(relu(x)) = relu(max(x))."""
    out: list[a.Layer] = []
    for layer in layers:
        if isinstance(layer, a.MaxPool) and out and isinstance(out[-1], a.Relu):
            out.insert(-1, layer)
        else:
            out.append(layer)
    return out


def _module(layer: a.Layer) -> nn.Module:
    match layer:
        case a.Affine(inputs, outputs):
            return nn.Linear(inputs, outputs)
        case a.Convolution(channels, filters, kernel, padding, _):
            return nn.Conv2d(channels, filters, kernel, padding=padding)
        case a.MaxPool(size):
            return nn.MaxPool2d(size)
        case a.Dropout(ratio):
            return nn.Dropout(ratio)
        case a.Relu():
            return nn.ReLU()
        case a.Flatten():
            return nn.Flatten()
