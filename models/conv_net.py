"""The convolutional network: blocks of convolution, activation and pool, then affine layers (the book, chapter 7)."""

import numpy as np
import numpy.typing as npt

from models.arrays import Shape
from models.descriptions import ConvNetDescription
from models.layers import ACTIVATION_LAYERS, Affine, AveragePool2d, BatchNorm, Conv2d, Flatten, Layer, MaxPool2d
from models.multi_layer_net import hidden_layers
from models.network import Network, check_input


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
    ) -> None:
        check_input(input_shape, classes)
        if len(input_shape) == 1:
            raise ValueError(
                f"a ConvNet needs images of shape (H, W) or (C, H, W), got vectors of shape {tuple(input_shape)}: "
                "reshape them, or use a MultiLayerNet"
            )
        batch_shape = tuple(input_shape) if len(input_shape) == 3 else (1, *input_shape)
        layers: list[Layer] = []
        shape = batch_shape
        for number, filters in enumerate(description.filters, start=1):
            block = _block(description, shape[0], filters)
            shape = _shape_after(block, shape, f"block {number} of the ConvNet")
            layers += block
        flatten = Flatten()
        (width,) = flatten.output_shape(shape)
        hidden, width = hidden_layers(width, description)
        super().__init__(
            [*layers, flatten, *hidden, Affine(width, classes)],
            description=description,
            input_shape=input_shape,
            batch_shape=batch_shape,
            classes=classes,
            rng=rng,
            dtype=dtype,
        )


def _block(description: ConvNetDescription, channels: int, filters: int) -> list[Layer]:
    kernel, stride, padding = description.kernel, description.stride, description.padding
    # As in hidden layers, the normalisation makes a bias before it idle.
    linear: list[Layer] = [Conv2d(channels, filters, kernel, stride, padding, bias=not description.batch_norm)]
    if description.batch_norm:
        linear.append(BatchNorm(filters))
    activation = ACTIVATION_LAYERS[description.activation]()
    if description.pool == "none":
        return [*linear, activation]
    if description.pool == "average":
        return [*linear, activation, AveragePool2d(description.pool_size, description.pool_stride)]
    # Both activations rise monotonically, so that max(activation(x)) = activation(max(x)): after the pool the
    # activation gives the same numbers for a quarter of the work.
    return [*linear, MaxPool2d(description.pool_size, description.pool_stride), activation]


def _shape_after(layers: list[Layer], shape: Shape, where: str) -> Shape:
    """Return the shape after `layers`; a ValueError from one of them says `where`."""
    try:
        for layer in layers:
            shape = layer.output_shape(shape)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return shape
