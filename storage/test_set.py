"""Reading the test images, which no other module does; `hpo.training.test_set_access` alone calls it.

What it returns is a type of its own on purpose: search and training take a TrainingPart, and mypy refuses them this.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.located import Located
from hpo.storage.parts import read_part
from hpo.storage.test_check import check_fit


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
    images, labels = read_part(located, "test")
    check_fit(located, images, labels, image_shape=image_shape, classes=classes)
    return TestPart(images, labels)
