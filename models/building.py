"""From a description to a network with fresh weights."""

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Shape
from hpo.models.descriptions import NetworkDescription
from hpo.models.network import Network
from hpo.models.registry import NETWORKS, name_of


def build_network(
    description: NetworkDescription,
    input_shape: Shape,
    classes: int,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
    *,
    reference: bool = False,
) -> Network:
    """Return the network of `description`, its weights drawn from `rng` and its biases 0.

    input_shape: of one image, (D,), (H, W) or (C, H, W); a ConvNet needs one of the latter two.
    reference: compute layer by layer, without the fused stages of models/fast: slower, and easier to follow.
    dtype: np.float32, or np.float64 for checks against finite differences.
    Raises ValueError for what does not fit together or would be too large, TypeError for something that is no
    description.
    """
    if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"a network computes in float32 or float64, got {np.dtype(dtype)}")
    make = NETWORKS[name_of(description)].network
    return make(description, input_shape, classes, rng, dtype, reference=reference)
