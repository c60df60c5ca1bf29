"""A network: layers in a row, all of their parameters in one flat vector, and what can be asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Array, BoolArray, IntArray, Shape
from hpo.models.checks import check_integer
from hpo.models.descriptions import NetworkDescription
from hpo.models.examples import Examples, scale_images
from hpo.models.fast import plan
from hpo.models.initialization import draw_weights
from hpo.models.layers.base import Layer, Parameter, Stage
from hpo.models.layers.softmax_cross_entropy import cross_entropy, softmax_cross_entropy
from hpo.models.sizes import size_of

PREDICTION_CHUNK = 100  # images that prediction holds at once: a simple ConvNet's maps of 100 images are 7 MB
MOST_INPUTS, MOST_CLASSES = 10_000_000, 1_000_000
VECTOR_CHUNK = 500  # ... of a network without maps: 1.6 MB of MNIST images


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How a network does on some examples, every one counted.

    loss: mean cross-entropy in nats, without weight decay. accuracy: share of hits.
    hits: (N,), bool, in the examples' order.
    """

    loss: float
    accuracy: float
    hits: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A network's numbers at one moment: its `params` and `statistics`, flat vectors of the network's dtype."""

    params: Array
    statistics: Array


class Network:
    """Layers from a batch of images to logits.

    params, grads: flat vectors of one length; the layers hold views of them. All weights come first, then all biases,
    so that `decayed`, a slice of both vectors, is what weight decay applies to. Scales count as biases.
    statistics: flat vector of what layers gather over training steps for prediction; empty without batch normalisation.
    input_shape: of one image as the user gives it; batch_shape: the same image as the first layer takes it.
    dtype: float32 in training; float64 for checks against finite differences.
    layers: the network as textbooks cut it. It computes with stages that stand for several of them (models/fast), or,
    as a `reference`, with the layers themselves. winograd: whether 3x3 convolutions may take Winograd's algorithm.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        description: NetworkDescription,
        input_shape: Shape,
        batch_shape: Shape,
        classes: int,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
        reference: bool = False,
        winograd: bool = True,
    ) -> None:
        self.layers = tuple(layers)
        self.description = description
        self.input_shape = tuple(input_shape)
        self.classes = classes
        self.dtype = np.dtype(dtype)
        self._batch_shape = batch_shape
        size = size_of(self.layers, batch_shape)
        size.check()
        wanted = [parameter for layer in self.layers for parameter in layer.parameters]
        self.params: Array = np.zeros(size.parameters, self.dtype)
        self.grads: Array = np.zeros(size.parameters, self.dtype)
        self.decayed = slice(0, sum(prod(parameter.shape) for parameter in wanted if parameter.decayed))
        self.statistics: Array = np.zeros(size.statistics, self.dtype)
        self._attach_layers(rng)
        self._stages: Sequence[Stage] = self.layers
        if not reference:
            self._stages = plan(self.layers, batch_shape, self.dtype, winograd=winograd)

    def _attach_layers(self, rng: np.random.Generator) -> None:
        """Give each layer its views, and draw its weights in the layers' order."""
        next_weight, next_bias, next_statistic = 0, self.decayed.stop, 0
        for layer in self.layers:
            params: dict[str, Array] = {}
            grads: dict[str, Array] = {}
            for parameter in layer.parameters:
                length = prod(parameter.shape)
                if parameter.decayed:
                    place = slice(next_weight, next_weight + length)
                    next_weight = place.stop
                else:
                    place = slice(next_bias, next_bias + length)
                    next_bias = place.stop
                params[parameter.name] = self.params[place].reshape(parameter.shape)
                grads[parameter.name] = self.grads[place].reshape(parameter.shape)
                self._initialize(params[parameter.name], parameter, rng)
            running: dict[str, Array] = {}
            for statistic in layer.statistics:
                place = slice(next_statistic, next_statistic + prod(statistic.shape))
                next_statistic = place.stop
                running[statistic.name] = self.statistics[place].reshape(statistic.shape)
                running[statistic.name][...] = statistic.start
            layer.attach(params, grads, running)

    def _initialize(self, view: Array, parameter: Parameter, rng: np.random.Generator) -> None:
        if parameter.fan_in is not None:
            view[...] = draw_weights(parameter.shape, parameter.fan_in, self.description.initialization, rng)
        else:
            view[...] = parameter.start

    def snapshot(self) -> Snapshot:
        """Return copies of all that training changes and prediction reads."""
        return Snapshot(self.params.copy(), self.statistics.copy())

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to `snapshot`, in place; ValueError if it is of another network."""
        for name, own, other in (
            ("parameters", self.params, snapshot.params),
            ("running statistics", self.statistics, snapshot.statistics),
        ):
            if other.shape != own.shape or other.dtype != own.dtype:
                raise ValueError(
                    f"it holds {other.dtype} {name} of shape {other.shape}, "
                    f"this network needs {own.dtype} of {own.shape}"
                )
        self.params[...] = snapshot.params
        self.statistics[...] = snapshot.statistics

    @np.errstate(all="ignore")  # a diverging network is answered by its loss, not by warnings
    def loss_and_gradient(self, images: Array, labels: IntArray, rng: np.random.Generator) -> float:
        """Return the batch's mean cross-entropy in nats, without weight decay, and fill `grads` with its gradient.

        It is a training step's first half: batch normalisation gathers its running statistics here.
        images: (N, *input_shape), uint8 or float; labels: (N,), integers; rng: decides what dropout silences.
        Raises ValueError for images of another shape and for labels outside the classes.
        """
        self.check_labels(labels)
        x = self._batch(images)
        for stage in self._stages:
            x = stage.forward(x, train=True, rng=rng)
        loss, grad = softmax_cross_entropy(x, labels)
        for stage in self._stages[:0:-1]:
            grad = stage.backward(grad)
        self._stages[0].backward_parameters(grad)
        return loss

    def release_buffers(self) -> None:
        """Let go of what only a step in progress needs; the next one makes it anew. For networks that rest."""
        for stage in self._stages:
            stage.release()

    @np.errstate(all="ignore")
    def logits(self, images: Array) -> Array:
        """Return the outputs before softmax, (N, classes), in prediction mode, some images at a time.

        images: (N, *input_shape), uint8 or float. Raises ValueError for another shape.
        """
        out = np.empty((len(images), self.classes), self.dtype)
        size = PREDICTION_CHUNK if len(self._batch_shape) > 1 else VECTOR_CHUNK
        for start in range(0, len(images), size):
            chunk = slice(start, start + size)
            x = self._batch(images[chunk])
            for stage in self._stages:
                x = stage.forward(x, train=False)
            out[chunk] = x
        return out

    @np.errstate(all="ignore")
    def evaluate(self, examples: Examples) -> Evaluation:
        """Return loss, accuracy and hits on all of `examples`; ValueError without examples or for foreign labels."""
        if len(examples) == 0:
            raise ValueError("there is nothing to evaluate: the examples are empty")
        self.check_labels(examples.labels)
        logits = self.logits(examples.images)
        hits: BoolArray = logits.argmax(axis=1) == examples.labels
        loss = float(cross_entropy(logits, examples.labels).mean())
        return Evaluation(loss, float(hits.mean()), hits)

    def check_images(self, images: Array) -> None:
        """Raise ValueError unless `images` is (N, *input_shape)."""
        if images.shape[1:] != self.input_shape:
            raise ValueError(
                f"this network was built for images of shape {self.input_shape}, got {images.shape[1:]}: "
                "reshape the images or build the network with that input_shape"
            )

    def check_labels(self, labels: IntArray) -> None:
        """Raise ValueError unless every label is one of 0..classes-1."""
        if len(labels) and not (labels.min() >= 0 and labels.max() < self.classes):
            raise ValueError(
                f"labels must lie in 0..{self.classes - 1} for {self.classes} classes, got "
                f"{labels.min()}..{labels.max()}: renumber them or build the network with more classes"
            )

    def _batch(self, images: Array) -> Array:
        """Return `images` as the first layer takes them: scaled, of the network's dtype, (N, *batch_shape)."""
        self.check_images(images)
        return scale_images(images, self.dtype).reshape(len(images), *self._batch_shape)


def check_input(input_shape: Shape, classes: int) -> None:
    """Raise ValueError unless one image is (D,), (H, W) or (C, H, W) and there are at least two classes."""
    if len(input_shape) not in (1, 2, 3):
        raise ValueError(f"input_shape is that of one image, (D,), (H, W) or (C, H, W); got {input_shape}")
    for axis, size in enumerate(input_shape):
        check_integer(f"input_shape[{axis}]", size, at_least=1, at_most=MOST_INPUTS)
    check_integer("classes", classes, at_least=2, at_most=MOST_CLASSES)
    if prod(input_shape) > MOST_INPUTS:
        raise ValueError(f"an image of shape {tuple(input_shape)} has more than {MOST_INPUTS:,} numbers; scale it down")
