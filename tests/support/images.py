"""Small made-up data: ten noisy patterns of 8x8 pixels, learnt in moments, and finite differences."""

from collections.abc import Callable

import numpy as np

from hpo.models import Array, Examples


def patterns(count: int, seed: int, *, noise: float = 60) -> Examples:
    """Return `count` uint8 images (count, 8, 8) of ten classes; the classes' patterns are always the same."""
    prototypes = np.random.default_rng(12345).integers(0, 256, (10, 8, 8))
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % 10)
    images = prototypes[labels] + rng.normal(0, noise, (count, 8, 8))
    return Examples(images.clip(0, 255).astype(np.uint8), labels)


def numerical_gradient(function: Callable[[], float], x: Array, step: float = 1e-6) -> Array:
    """Return the gradient of `function`, which reads `x` (float64), by central differences; `x` is put back after."""
    gradient = np.empty_like(x)
    for place in np.ndindex(x.shape):
        kept = x[place]
        x[place] = kept + step
        above = function()
        x[place] = kept - step
        below = function()
        x[place] = kept
        gradient[place] = (above - below) / (2 * step)
    return gradient
