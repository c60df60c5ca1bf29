"""The multi-layer network: affine layers with activations between them (the book, chapters 5 and 6)."""

from math import prod

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Shape
from hpo.models.descriptions import MultiLayerNetDescription, NetworkDescription
from hpo.models.layers import ACTIVATION_LAYERS, Affine, BatchNorm, Dropout, Layer
from hpo.models.network import Network, check_input


class MultiLayerNet(Network):
    """The network of a MultiLayerNetDescription, for images of any shape; it reads them as vectors."""

    def __init__(
        self,
        description: MultiLayerNetDescription,
        input_shape: Shape,
        classes: int,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
        *,
        reference: bool = False,
    ) -> None:
        layers, batch_shape = multi_layers(description, input_shape, classes)
        super().__init__(
            layers,
            description=description,
            input_shape=input_shape,
            batch_shape=batch_shape,
            classes=classes,
            rng=rng,
            dtype=dtype,
            reference=reference,
        )


def multi_layers(description: MultiLayerNetDescription, input_shape: Shape, classes: int) -> tuple[list[Layer], Shape]:
    """Return the layers of the network, and the shape of an image as the first of them takes it."""
    check_input(input_shape, classes)
    inputs = prod(input_shape)
    hidden, width = hidden_layers(inputs, description)
    return [*hidden, Affine(width, classes)], (inputs,)


def hidden_layers(inputs: int, description: NetworkDescription) -> tuple[list[Layer], int]:
    """Return the hidden affine layers with what `description` puts after each, and how many outputs the last one has.

    After each come, in this order: batch normalisation if asked for, the activation, and dropout if above 0.
    """
    layers: list[Layer] = []
    for units in description.hidden:
        # A bias before the normalisation would be subtracted with the mean: beta takes its part (Ioffe & Szegedy, 3.2).
        layers.append(Affine(inputs, units, bias=not description.batch_norm))
        if description.batch_norm:
            layers.append(BatchNorm(units))
        layers.append(ACTIVATION_LAYERS[description.activation]())
        if description.dropout > 0:
            layers.append(Dropout(description.dropout))
        inputs = units
    return layers, inputs
