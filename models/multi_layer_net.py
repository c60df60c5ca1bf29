"""The multi-layer network: affine layers with activations between them (the book, chapters 5 and 6)."""

from math import prod

import numpy as np
import numpy.typing as npt

from models.arrays import Shape
from models.descriptions import MultiLayerNetDescription
from models.layers import ACTIVATION_LAYERS, Affine, Dropout, Layer
from models.network import Network, check_input


class MultiLayerNet(Network):
    """The network of a MultiLayerNetDescription, for images of any shape; it reads them as vectors."""

    def __init__(
        self,
        description: MultiLayerNetDescription,
        input_shape: Shape,
        classes: int,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        check_input(input_shape, classes)
        inputs = prod(input_shape)
        hidden, width = hidden_layers(inputs, description.hidden, description.activation, description.dropout)
        super().__init__(
            [*hidden, Affine(width, classes)],
            description=description,
            input_shape=input_shape,
            batch_shape=(inputs,),
            classes=classes,
            rng=rng,
            dtype=dtype,
        )


def hidden_layers(inputs: int, hidden: tuple[int, ...], activation: str, dropout: float) -> tuple[list[Layer], int]:
    """Return affine, activation and (above 0) dropout for each of `hidden`, and how many outputs the last one has."""
    layers: list[Layer] = []
    for units in hidden:
        layers += [Affine(inputs, units), ACTIVATION_LAYERS[activation]()]
        if dropout > 0:
            layers.append(Dropout(dropout))
        inputs = units
    return layers, inputs
