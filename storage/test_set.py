"""Reading the test images, which no other module does; `hpo.training.test_set_access` alone calls it.

What it returns is a type of its own on purpose: search and training take a TrainingPart, and mypy refuses them this.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError
from hpo.storage.located import Located
from hpo.storage.parts import check_lengths, read_images, read_labels


@dataclass(frozen=True, eq=False)
class TestPart:
    """The images that no decision may see.

    `images` like the training images (N, ...), uint8 or float32; `labels` (N,) int64; both read-only.
    """

    __test__ = False  # pytest collects classes by their name; this one is no test case

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]


def load_test_part(located: Located, *, image_shape: tuple[int, ...], classes: int) -> TestPart:
    """Return the test images and labels, after checking their SHA-256.

    `image_shape` is the shape of one training image, `classes` the number of classes in training. Raises UserError if a
    file is damaged or another than was located, or if the test images don't fit the training images.
    """
    images = read_images(located, "x_test")
    labels = read_labels(located, "y_test")
    check_lengths(located, images, labels, "test")
    if images.shape[1:] != image_shape:
        raise UserError(
            f"{located.part('x_test').path}: test images have the shape {images.shape[1:]}, "
            f"training images {image_shape}; expected the same"
        )
    if labels.max() >= classes:
        raise UserError(
            f"{located.part('y_test').path}: holds the label {labels.max()}, but training has the {classes} classes "
            f"0..{classes - 1}; expected no others"
        )
    return TestPart(images, labels)
