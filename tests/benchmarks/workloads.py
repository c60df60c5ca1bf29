"""The workloads: what each side does in a unit, on the same images, with the same settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpo import models
from tests.benchmarks import architectures as a
from tests.benchmarks import our_side
from tests.benchmarks.digits import Digits
from tests.benchmarks.interleaving import OURS, Side
from tests.benchmarks.plain_networks import SGD, Adam, PlainNetwork, PlainTrainer

BATCH = 100
VECTOR, MAPS = (784,), (1, 28, 28)  # how all but ours want an image
SMALL = 6_000  # training images of most workloads

TRIAL_IMAGES, TRIAL_VALIDATION, TRIAL_EPOCHS = 400, 100, 50
TRIAL_RUNGS = (50, 100, 200)  # steps: 25 %, 50 % and 100 %
TRIAL = models.TrainingSettings(learning_rate=0.01, weight_decay=1e-4, batch_size=BATCH)

WIDE_IMAGES, WIDE_BATCH = 60_000, 128
EVALUATED = 10_000


@dataclass(frozen=True)
class Workload:
    """One comparison. what: for people. flops: of a unit. shown_units: the time shown is of so many units.

    sides: given the images, returns ours and the plain reference. torch_sides: the same for PyTorch, "eager" and
    "best". sklearn_sides: and for scikit-learn, where it has such a thing. The latter two import their library.
    """

    what: str
    flops: float
    sides: Callable[[Digits], dict[str, Side]]
    torch_sides: Callable[[Digits], dict[str, Side]]
    sklearn_sides: Callable[[Digits], dict[str, Side]] = lambda digits: {}
    shown_units: int = 1


def _step(
    what: str,
    description: models.NetworkDescription,
    settings: models.TrainingSettings,
    *,
    images: int = SMALL,
    second_loss: bool = True,
    shown_units: int = 1,
) -> Workload:
    """Return a workload whose unit is a training step, the drawing of its batch included."""
    layers = a.architecture(description)
    shape = MAPS if isinstance(description, models.ConvNetDescription) else VECTOR

    def sides(digits: Digits) -> dict[str, Side]:
        rng = np.random.default_rng(0)
        optimizer = {"sgd": SGD, "adam": Adam}[settings.optimizer](settings.learning_rate)
        plain = PlainTrainer(
            PlainNetwork(layers, rng, settings.weight_decay),
            optimizer,
            digits.floats(0, images, np.float64, shape),
            digits.labels[:images],
            batch_size=settings.batch_size,
            rng=rng,
            second_loss=second_loss,
        )
        examples = digits.examples(0, images)
        return {
            OURS: our_side.steps(description, examples, settings),
            "plain": plain.train,
            "layers": our_side.steps(description, examples, settings, reference=True),
        }

    def torch_sides(digits: Digits) -> dict[str, Side]:
        floats = digits.floats(0, images, np.float32, shape)
        return {
            name: _torch_trainer(layers, floats, digits.labels[:images], settings, best=best).train
            for name, best in (("eager", False), ("best", True))
        }

    flops = a.training_flops(layers, settings.batch_size)
    return Workload(what, flops, sides, torch_sides, shown_units=shown_units)


def _trial() -> Workload:
    layers = a.architecture(a.MLP)
    stop = TRIAL_IMAGES + TRIAL_VALIDATION

    def sides(digits: Digits) -> dict[str, Side]:
        train, validation = digits.examples(0, TRIAL_IMAGES), digits.examples(TRIAL_IMAGES, stop)
        x, labels = digits.floats(0, stop, np.float64, VECTOR), digits.labels[:stop]
        rng = np.random.default_rng(0)
        ours = our_side.trials(a.MLP, train, validation, TRIAL, epochs=TRIAL_EPOCHS, rungs=TRIAL_RUNGS)
        return {OURS: ours, "plain": partial(_repeat, lambda: plain_trial(layers, x, labels, rng))}

    def torch_sides(digits: Digits) -> dict[str, Side]:
        x, labels = digits.floats(0, stop, np.float32, VECTOR), digits.labels[:stop]
        return {
            "eager": partial(_repeat, lambda: _torch_trial(layers, x, labels, best=False)),
            "best": partial(_repeat, lambda: _torch_trial(layers, x, labels, best=True)),
        }

    def sklearn_sides(digits: Digits) -> dict[str, Side]:
        from tests.benchmarks.sklearn_peer import run_trial  # noqa: PLC0415 - only where it is installed

        x, labels = digits.floats(0, stop, np.float32, VECTOR), digits.labels[:stop]
        trial = partial(
            run_trial,
            (x[:TRIAL_IMAGES], labels[:TRIAL_IMAGES]),
            (x[TRIAL_IMAGES:], labels[TRIAL_IMAGES:]),
            hidden=a.MLP.hidden,
            learning_rate=TRIAL.learning_rate,
            weight_decay=TRIAL.weight_decay,
            batch_size=BATCH,
            epochs=TRIAL_EPOCHS,
        )
        return {"sklearn": partial(_repeat, trial)}

    flops = TRIAL_RUNGS[-1] * a.training_flops(layers, BATCH) + len(TRIAL_RUNGS) * a.forward_flops(layers, stop)
    what = "a whole trial of the book's search: 200 steps on 400 images; evaluated 3 times, plain: 50"
    return Workload(what, flops, sides, torch_sides, sklearn_sides)


def _evaluation() -> Workload:
    layers = a.architecture(a.SIMPLE_CONVNET)

    def sides(digits: Digits) -> dict[str, Side]:
        plain = PlainNetwork(layers, np.random.default_rng(0))
        x, labels = digits.floats(0, EVALUATED, np.float64, MAPS), digits.labels[:EVALUATED]
        ours = our_side.evaluations(a.SIMPLE_CONVNET, digits.examples(0, EVALUATED))
        return {OURS: ours, "plain": partial(_repeat, lambda: plain.accuracy(x, labels))}

    def torch_sides(digits: Digits) -> dict[str, Side]:
        floats, labels = digits.floats(0, EVALUATED, np.float32, MAPS), digits.labels[:EVALUATED]
        return {
            name: partial(_repeat, _torch_trainer(layers, floats, labels, TRIAL, best=best).evaluate_all)
            for name, best in (("eager", False), ("best", True))
        }

    what = f"simple ConvNet, evaluation of {EVALUATED:,} images"
    return Workload(what, a.forward_flops(layers, EVALUATED), sides, torch_sides)


def plain_trial(layers: a.Architecture, x: models.Array, labels: models.IntArray, rng: np.random.Generator) -> None:
    """Run the book's trial on float64 images: accuracies after every epoch."""
    network = PlainNetwork(layers, rng, TRIAL.weight_decay)
    train, validation = slice(0, TRIAL_IMAGES), slice(TRIAL_IMAGES, None)
    optimizer = SGD(TRIAL.learning_rate)
    trainer = PlainTrainer(network, optimizer, x[train], labels[train], batch_size=BATCH, rng=rng)
    for _ in range(TRIAL_EPOCHS):
        trainer.train(TRIAL_IMAGES // BATCH)
        network.accuracy(x[train], labels[train])
        network.accuracy(x[validation], labels[validation])


def _torch_trial(layers: a.Architecture, x: models.Array, labels: models.IntArray, *, best: bool) -> None:
    """Run a trial as ours is: evaluated at the same rungs, on the same images."""
    train, validation = slice(0, TRIAL_IMAGES), slice(TRIAL_IMAGES, None)
    trainer = _torch_trainer(layers, x[train], labels[train], TRIAL, best=best)
    done = 0
    for rung in TRIAL_RUNGS:
        trainer.train(rung - done)
        done = rung
        trainer.evaluate_all()
        trainer.evaluate(x[validation], labels[validation])


def _torch_trainer(
    layers: a.Architecture,
    images: models.Array,
    labels: models.IntArray,
    settings: models.TrainingSettings,
    *,
    best: bool,
):
    from tests.benchmarks.torch_networks import TorchTrainer  # noqa: PLC0415 - only where it is installed

    return TorchTrainer(
        layers,
        images,
        labels,
        best=best,
        optimizer=settings.optimizer,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        weight_decay=settings.weight_decay,
    )


def _repeat(once: Callable[[], object], units: int) -> None:
    for _ in range(units):
        once()


_SGD = models.TrainingSettings(learning_rate=0.01, batch_size=BATCH)
_ADAM = models.TrainingSettings(learning_rate=0.001, batch_size=BATCH, optimizer="adam")
_WIDE = models.TrainingSettings(learning_rate=0.001, batch_size=WIDE_BATCH, optimizer="adam")

WORKLOADS: Mapping[str, Workload] = {
    "trial": _trial(),
    "mlp_sgd": _step("MLP 784-100x6-10, a step of SGD at batch 100", a.MLP, _SGD),
    "mlp_adam": _step("the same MLP, a step of Adam", a.MLP, _ADAM),
    "mlp_wide": _step(
        "MLP 784-512-512-10, an epoch of 60,000 images at batch 128, Adam; plain: no second loss",
        a.WIDE_MLP,
        _WIDE,
        images=WIDE_IMAGES,
        second_loss=False,
        shown_units=models.steps_per_epoch(WIDE_IMAGES, WIDE_BATCH),
    ),
    "convnet": _step(
        "simple ConvNet (5x5 convolution, 30 filters), a step of Adam at batch 100", a.SIMPLE_CONVNET, _ADAM
    ),
    "convnet_eval": _evaluation(),
    "deep_convnet": _step("the book's deep ConvNet (six 3x3 convolutions), a step of Adam", a.DEEP_CONVNET, _ADAM),
}
