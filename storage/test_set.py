"""Reading the test images, which no other module does; `hpo.training.test_set_access` alone calls it.

What it returns is a type of its own on purpose: search and training take a TrainingPart, and mypy refuses them this.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.datasets import TrainingPart
from hpo.storage.examples import ExamplePart
from hpo.storage.located import Located
from hpo.storage.parts import read_part
from hpo.storage.test_check import check_fit
from hpo.storage.test_examples import read_test_examples


@dataclass(frozen=True, eq=False)
class TestPart:
    """The images that no decision may see.

    `images` like the training images (N, ...), uint8 or float32; `labels` (N,) int64; both read-only.
    """

    __test__ = False  # pytest collects classes by their name; this one is no test case

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]

    @property
    def x(self) -> npt.NDArray[Any]:
        """The images."""
        return self.images

    @property
    def y(self) -> npt.NDArray[np.int64]:
        """Their labels."""
        return self.labels


def load_test_part(located: Located, *, image_shape: tuple[int, ...], classes: int) -> TestPart:
    """Return the test images and labels, after checking their SHA-256.

    `image_shape` is the shape of one training image, `classes` the number of classes in training. Raises UserError if a
    file is damaged or another than was located, or if the test images don't fit the training images.
    """
    images, labels = read_part(located, "test")
    check_fit(located, images, labels, image_shape=image_shape, classes=classes)
    return TestPart(images, labels)


@dataclass(frozen=True, eq=False)
class TestExamples:
    """The examples that no decision may see: `x` and `y` like those of training (hpo.storage.examples)."""

    __test__ = False

    x: Any
    y: npt.NDArray[Any]


def load_test(located: Located, training: TrainingPart | ExamplePart) -> TestPart | TestExamples:
    """Return the test part that goes with `training`, after checking its SHA-256.

    Raises UserError if a file is another than was located, if there is no test part, or if it doesn't fit training.
    """
    if isinstance(training, ExamplePart):
        return TestExamples(*read_test_examples(located, training))
    return load_test_part(located, image_shape=training.images.shape[1:], classes=training.classes)
