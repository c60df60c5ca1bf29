"""The loop of training steps: draw a batch, follow its gradient, look out for divergence."""

import math
from collections.abc import Iterator

import numpy as np

from hpo.models.arrays import IntArray
from hpo.models.augmentation import augment
from hpo.models.averaging import ParameterAverage
from hpo.models.checks import check_integer
from hpo.models.examples import Examples, scale_images
from hpo.models.network import Network
from hpo.models.optimizers import make_optimizer
from hpo.models.schedules import SCHEDULES
from hpo.models.settings import TrainingSettings


def steps_per_epoch(examples: int, batch_size: int) -> int:
    """Return how many updates one pass over `examples` takes, the last and smaller batch included."""
    check_integer("the number of training examples", examples, at_least=1)
    check_integer("batch_size", batch_size, at_least=1)
    return -(-examples // batch_size)


def batches(examples: int, batch_size: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """Yield the indices of batch after batch, epoch after epoch without end; each epoch takes every example once."""
    while True:
        order = rng.permutation(examples)
        for start in range(0, examples, batch_size):
            yield order[start : start + batch_size]


class Trainer:
    """Trains one network, in place, on one set of examples; `step` counts the updates so far.

    epochs: how long the whole training is, up to `last_step`: schedules of the learning rate stretch over it, and the
    steps that `averaging` is about are its last ones, at least one.
    """

    def __init__(
        self, network: Network, train: Examples, settings: TrainingSettings, rng: np.random.Generator, epochs: int
    ) -> None:
        self.step = 0
        self.network = network
        self.steps_per_epoch = steps_per_epoch(len(train), settings.batch_size)
        self.last_step = self.steps_per_epoch * epochs
        self._train, self._settings, self._rng = train, settings, rng
        self._batches = batches(len(train), settings.batch_size, rng)
        averaged = max(1, round(settings.averaging * self.last_step)) if settings.averaging > 0 else 0
        self._averaged_after = self.last_step - averaged
        self._average = ParameterAverage()
        self._schedule = SCHEDULES[settings.schedule]
        self._optimizer = make_optimizer(
            settings.optimizer,
            network.params.size,
            learning_rate=settings.learning_rate,
            momentum=settings.momentum,
            dtype=network.dtype,
        )

    @np.errstate(all="ignore")  # divergence is reported in words, not as warnings
    def run_until(self, step: int) -> str | None:
        """Train until `step` updates are done; return None, or what went wrong, as "loss became nan at step 37".

        Where averaging has begun and nothing went wrong, it leaves the network with the averaged parameters, until it
        is called again.
        """
        params = self.network.params
        self._average.hide(params)
        while self.step < step:
            loss = self._update()
            self.step += 1
            if not math.isfinite(loss):
                return f"loss became {loss} at step {self.step}"
            if self.step > self._averaged_after:
                self._average.include(params)
        if not np.isfinite(params).all():
            return f"parameters became infinite or nan at step {self.step}"
        self._average.show(params)
        return None

    def _update(self) -> float:
        """Make one step and return the loss of its batch before it."""
        network, settings = self.network, self._settings
        indices = next(self._batches)
        images = self._train.images[indices]
        if settings.augments:
            scaled = scale_images(images, network.dtype)
            images = augment(scaled, shift=settings.shift, rotation=settings.rotation, rng=self._rng)
        factor = self._schedule(self.step, self.last_step)
        loss = network.loss_and_gradient(images, self._train.labels[indices], self._rng)
        if settings.weight_decay > 0:
            weights = network.decayed
            self._optimizer.decay_weights(
                network.params[weights], network.grads[weights], settings.weight_decay, factor=factor
            )
        self._optimizer.step(network.params, network.grads, factor=factor)
        return loss
