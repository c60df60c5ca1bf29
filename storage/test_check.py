"""Look for mistakes in the test part before a search begins, so that they are not found when it is over.

What is read here is dropped again: nothing comes out but a mistake, and what else a user should know about the file.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.copies import fingerprints
from hpo.storage.datasets import TrainingPart
from hpo.storage.errors import UserError
from hpo.storage.located import Located
from hpo.storage.parts import read_part


def check_test_part(located: Located, training: TrainingPart) -> tuple[str, ...]:
    """Return sentences about the test part that are no mistakes, such as that it has images of the training part.

    Raises UserError if a file is damaged or another than was located, or the test images don't fit the training images:
    in shape, type, range, labels or number.
    """
    images, labels = read_part(located, "test")
    check_fit(located, images, labels, image_shape=training.images.shape[1:], classes=training.classes)
    if not located.own:
        return ()
    if images.dtype != training.images.dtype:
        raise UserError(
            f"{located.part('x_test').path}: test images have the type {images.dtype}, training images "
            f"{training.images.dtype}; expected the same, as uint8 is divided by 255 and floats are not"
        )
    seen = np.isin(fingerprints(images), fingerprints(training.images)).sum()
    if not seen:
        return ()
    return (f"{seen:,} of the {len(images):,} test images are copies of training images: the test will flatter.",)


def check_fit(
    located: Located,
    images: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    *,
    image_shape: tuple[int, ...],
    classes: int,
) -> None:
    """Raise UserError unless test images and labels fit training images of that shape in that many classes."""
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
