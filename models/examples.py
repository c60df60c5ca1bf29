"""Labelled images: what networks are trained and evaluated on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Array, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """N images and their labels.

    images: (N, D), (N, H, W) or (N, C, H, W); uint8 in 0..255, or floats that are used as they are.
    labels: (N,), integers.
    Raises ValueError for other shapes or dtypes, lengths that differ, and floats that are NaN or infinite.
    """

    images: Array
    labels: IntArray

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.ndim not in (2, 3, 4):
            raise ValueError(f"images must be (N, D), (N, H, W) or (N, C, H, W), got shape {images.shape}")
        if images.dtype != np.uint8 and images.dtype.kind != "f":
            raise ValueError(f"images must be uint8 (0..255) or floats, got {images.dtype}; convert them first")
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise ValueError(f"labels must be whole numbers of shape (N,), got {labels.dtype} of shape {labels.shape}")
        if len(images) != len(labels):
            raise ValueError(f"every image needs one label: got {len(images)} images and {len(labels)} labels")
        if images.dtype.kind == "f" and not np.isfinite(images).all():
            bad = int((~np.isfinite(images)).reshape(len(images), -1).any(axis=1).sum())
            raise ValueError(f"images must be finite: {bad} of {len(images)} hold NaN or infinity; repair or drop them")

    def __len__(self) -> int:
        """Return N, the number of images."""
        return len(self.labels)

    def take(self, indices: npt.ArrayLike) -> "Examples":
        """Return the examples at `indices` (integers, shape (M,)) as copies, in that order; dtypes stay."""
        chosen = np.asarray(indices, dtype=np.intp)
        return Examples(self.images[chosen], self.labels[chosen])


def scale_images(images: Array, dtype: npt.DTypeLike) -> Array:
    """Return `images` as floats of `dtype`: uint8 divided by 255, floats as they are; the shape stays.

    Training gathers a batch as uint8 and scales it afterwards: float images are four times the memory to read.
    """
    if images.dtype != np.uint8:
        return images.astype(dtype, copy=False)
    scaled: Array = images.astype(dtype)
    scaled *= 1 / 255
    return scaled
