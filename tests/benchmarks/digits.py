"""The images that the benchmark trains on: MNIST where it lies on this machine, else noise of its shape."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo import models
from hpo.models import Array
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError

COUNT = 60_000


@dataclass(frozen=True, eq=False)
class Digits:
    """images: (60000, 28, 28), uint8. labels: (60000,), int64 in 0..9. source: what they are, for people."""

    images: Array
    labels: models.IntArray
    source: str

    def examples(self, start: int, stop: int) -> models.Examples:
        """Return the examples from `start` to `stop` as ours takes them."""
        return models.Examples(self.images[start:stop], self.labels[start:stop])

    def floats(self, start: int, stop: int, dtype: type, shape: tuple[int, ...]) -> Array:
        """Return those images in 0..1, each of `shape`, as the others take them."""
        images = self.images[start:stop].astype(dtype)
        images /= 255
        return images.reshape(-1, *shape)


def load_digits(data_dir: Path | None) -> Digits:
    """Return MNIST from the places where the service looks for it, offline; UserError for a `data_dir` that is none."""
    try:
        located = locate("mnist", data_dir=data_dir, offline=True, announce=lambda text: None)
    except UserError:
        if data_dir is not None:
            raise
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (COUNT, 28, 28), dtype=np.uint8)
        return Digits(images, rng.integers(0, 10, COUNT), "synthetic: MNIST was not found on this machine")
    part = load_training_part(located)
    if len(part.images) == COUNT:
        return Digits(part.images, part.labels, "mnist")
    images = np.resize(part.images.reshape(-1, 28, 28), (COUNT, 28, 28))
    return Digits(images, np.resize(part.labels, COUNT), f"{len(part.images)} digits of MNIST, repeated")
