"""What a ConvNet makes of an image, stage by stage: the maps after each convolution and after each pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpo.models import Array, ConvNet
from hpo.models.examples import scale_images
from hpo.models.layers import AveragePool2d, BatchNorm, Conv2d, Layer, MaxPool2d, ReLU, Sigmoid
from hpo.reports.look.receptive_field import ReceptiveField, receptive_field

_SUFFIXES = {BatchNorm: "batch norm", ReLU: "ReLU", Sigmoid: "sigmoid"}


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The maps (C, H, W) after a convolution or a pool and what belongs to it, and what one entry of them sees."""

    name: str
    maps: Array
    field: ReceptiveField


def stages(network: ConvNet, image: Array) -> list[Stage]:
    """Return the stages of `network` for one `image` in its input_shape, uint8 or float, in prediction mode.

    Normalisation and activation belong to the convolution or pool before them, as people count.
    """
    network.check_images(image[np.newaxis])
    x = scale_images(image[np.newaxis], network.dtype)
    x = x.reshape(1, *(1,) * (3 - image.ndim), *image.shape)
    found: list[Stage] = []
    done: list[Layer] = []
    counts = {"convolution": 0, "pool": 0}
    for layer in network.layers:
        x = layer.forward(x, train=False)
        if x.ndim != 4:
            break
        done.append(layer)
        maps = x[0].copy()  # a layer may reuse its buffer
        if isinstance(layer, Conv2d):
            counts["convolution"] += 1
            name = f"convolution {counts['convolution']}: {layer.kernel} x {layer.kernel}"
        elif isinstance(layer, MaxPool2d | AveragePool2d):
            counts["pool"] += 1
            kind = "max pool" if isinstance(layer, MaxPool2d) else "average pool"
            name = f"{kind} {counts['pool']}: {layer.size} x {layer.size}"
        else:
            suffix = _SUFFIXES.get(type(layer))
            name = f"{found[-1].name}, {suffix}" if suffix else found[-1].name
            found.pop()
        found.append(Stage(name, maps, receptive_field(done)))
    return found
