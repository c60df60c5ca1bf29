"""A look inside a ConvNet as files: its first filters, and what it makes of one image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpo.models import Array, ConvNet, Network, network_bytes
from hpo.reports.figures.drawing import png
from hpo.reports.look.feature_maps_figure import feature_maps_figure
from hpo.reports.look.filters_figure import filters_figure
from hpo.reports.writing.atomic import make_folder, write_atomically
from hpo.storage.errors import UserError


def write_network(network: Network, out_dir: Path) -> Path:
    """Write the trained network as network.npz into `out_dir`, which is created, and return its path."""
    make_folder(out_dir)
    write_atomically(out_dir / "network.npz", network_bytes(network))
    return out_dir / "network.npz"


def write_look(before: Network | None, after: Network, image: Array, out_dir: Path) -> list[Path]:
    """Write filters.png and feature_maps.png into `out_dir`, which is created, and return their paths.

    before: the network of `after` as it was drawn, None where it is unknown. image: one, in the network's input_shape,
    uint8 or float. Raises UserError for a network without convolutions, and where the files cannot be written.
    """
    if not isinstance(after, ConvNet) or not (before is None or isinstance(before, ConvNet)):
        raise UserError(
            "an MLP has no filters and no feature maps to look at; take a network that was trained with "
            'network = "convnet" in [model]'
        )
    figures = {
        "filters.png": png(filters_figure(before, after)),
        "feature_maps.png": png(feature_maps_figure(after, image, prediction_text(after, image))),
    }
    make_folder(out_dir)
    for name, content in figures.items():
        write_atomically(out_dir / name, content)
    return [out_dir / name for name in figures]


def probabilities(network: Network, image: Array) -> Array:
    """Return what the network gives each class for one image, (classes,), float64: the softmax of its logits."""
    logits = network.logits(image[np.newaxis])[0].astype(np.float64)
    shares = np.exp(logits - logits.max())
    normalized: Array = shares / shares.sum()
    return normalized


def prediction_text(network: Network, image: Array) -> str:
    """Return `predicted: 7 (99.8 %)`."""
    shares = probabilities(network, image)
    return f"predicted: {shares.argmax()} ({100 * shares.max():.1f} %)"
