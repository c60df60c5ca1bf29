"""The kinds of networks there are, each under the one name that study files and saved networks know it by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo.models.arrays import Shape
from hpo.models.conv_net import ConvNet, conv_layers
from hpo.models.descriptions import ConvNetDescription, MultiLayerNetDescription, NetworkDescription
from hpo.models.layers import Layer
from hpo.models.multi_layer_net import MultiLayerNet, multi_layers
from hpo.models.network import Network
from hpo.models.sizes import NetworkSize, size_of


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of network: what describes it, how its layers follow, and what is built of them."""

    description: type[NetworkDescription]
    layers: Callable[[Any, Shape, int], tuple[Sequence[Layer], Shape]]
    network: Callable[..., Network]


NETWORKS: Mapping[str, Kind] = {
    "mlp": Kind(MultiLayerNetDescription, multi_layers, MultiLayerNet),
    "convnet": Kind(ConvNetDescription, conv_layers, ConvNet),
}

OLD_NAMES: Mapping[str, str] = {"multi_layer_net": "mlp", "conv_net": "convnet"}
"""What saved networks of earlier versions say for a name of NETWORKS."""


def name_of(description: NetworkDescription) -> str:
    """Return the name in NETWORKS of what `description` describes; TypeError for something that is no description."""
    for name, kind in NETWORKS.items():
        if isinstance(description, kind.description):
            return name
    known = " or a ".join(kind.description.__name__ for kind in NETWORKS.values())
    raise TypeError(f"expected a {known}, got {description!r}")


def network_size(description: NetworkDescription, input_shape: Shape, classes: int) -> NetworkSize:
    """Return how large the network of `description` would be, without making it; ValueError for what does not fit."""
    return size_of(*NETWORKS[name_of(description)].layers(description, input_shape, classes))
