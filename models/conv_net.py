"""The convolutional network: blocks of convolutions and a pool, then affine layers (the book, chapters 7 and 8)."""

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Shape
from hpo.models.descriptions import ConvNetDescription
from hpo.models.layers import (
    ACTIVATION_LAYERS,
    Affine,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
)
from hpo.models.multi_layer_net import hidden_layers
from hpo.models.network import Network, check_input


class ConvNet(Network):
    """The network of a ConvNetDescription, for images (H, W) or (C, H, W).

    Raises ValueError for vectors, and for images that a convolution or a pool would shrink to nothing.
    """

    def __init__(
        self,
        description: ConvNetDescription,
        input_shape: Shape,
        classes: int,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
        *,
        reference: bool = False,
    ) -> None:
        layers, batch_shape = conv_layers(description, input_shape, classes)
        super().__init__(
            layers,
            description=description,
            input_shape=input_shape,
            batch_shape=batch_shape,
            classes=classes,
            rng=rng,
            dtype=dtype,
            reference=reference,
            winograd=description.algorithm == "auto",
        )


def conv_layers(description: ConvNetDescription, input_shape: Shape, classes: int) -> tuple[list[Layer], Shape]:
    """Return the layers of the network, and the shape of an image as the first of them takes it."""
    check_input(input_shape, classes)
    if len(input_shape) == 1:
        raise ValueError(
            f"a ConvNet needs images of shape (H, W) or (C, H, W), got vectors of shape {tuple(input_shape)}: "
            "reshape them, or use a MultiLayerNet"
        )
    batch_shape = tuple(input_shape) if len(input_shape) == 3 else (1, *input_shape)
    layers: list[Layer] = []
    shape = batch_shape
    for number in range(len(description.filters)):
        block = _block(description, number, shape[0])
        shape = _shape_after(block, shape, f"block {number + 1} of the ConvNet")
        layers += block
    flatten = Flatten()
    (width,) = flatten.output_shape(shape)
    hidden, width = hidden_layers(width, description)
    outputs: list[Layer] = [Affine(width, classes)]
    if description.output_dropout > 0:
        outputs.append(Dropout(description.output_dropout))
    return [*layers, flatten, *hidden, *outputs], batch_shape


def _block(description: ConvNetDescription, number: int, channels: int) -> list[Layer]:
    """Return the layers of block `number` (from 0) on maps of `channels` channels."""
    filters, count = description.filters[number], description.convolutions
    layers: list[Layer] = []
    for padding in description.paddings[number * count : (number + 1) * count]:
        # As in hidden layers, the normalisation makes a bias before it idle.
        bias = not description.batch_norm
        layers.append(Conv2d(channels, filters, description.kernel, description.stride, padding, bias=bias))
        if description.batch_norm:
            layers.append(BatchNorm(filters))
        layers.append(ACTIVATION_LAYERS[description.activation]())
        channels = filters
    if description.pool == "average":
        layers.append(AveragePool2d(description.pool_size, description.pool_stride))
    elif description.pool == "max":
        # Both activations rise monotonically, so that max(activation(x)) = activation(max(x)): after the pool the
        # activation gives the same numbers for a quarter of the work.
        layers.insert(-1, MaxPool2d(description.pool_size, description.pool_stride))
    return layers


def _shape_after(layers: list[Layer], shape: Shape, where: str) -> Shape:
    """Return the shape after `layers`; a ValueError from one of them says `where`."""
    try:
        for layer in layers:
            if isinstance(layer, MaxPool2d | AveragePool2d):
                _check_pool(layer, shape)
            shape = layer.output_shape(shape)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return shape


def _check_pool(pool: MaxPool2d | AveragePool2d, shape: Shape) -> None:
    """Raise ValueError if `pool` would leave out pixels at the edge of maps of `shape`, (C, H, W)."""
    for pixels in shape[1:]:
        if pixels >= pool.size and (pixels - pool.size) % pool.stride:
            raise ValueError(
                f"pool windows of {pool.size}, {pool.stride} apart, do not divide {pixels} pixels: "
                f"({pixels} - {pool.size})/{pool.stride} + 1 = {(pixels - pool.size) / pool.stride + 1:g} is no whole "
                "number; change pool_size or pool_stride, or the padding, kernel or stride of the convolution before it"
            )
