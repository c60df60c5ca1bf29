"""Images as people keep them, turned into what networks take: uint8 or float32, channels before rows."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError

CHANNELS = (1, 3, 4)
"""Grey, colour (RGB), and colour with alpha, which stays a fourth channel."""


def channels_last(shape: tuple[int, ...]) -> bool:
    """Say whether images (N, ., ., .) have their channels on the last axis: it can be one, and the second cannot."""
    return len(shape) == 4 and shape[3] in CHANNELS and shape[1] not in CHANNELS


def layout(shape: tuple[int, ...]) -> str:
    """Return what an array of this shape is taken for, in a few words."""
    if len(shape) == 2:
        return f"flat images of {shape[1]} values"
    if len(shape) == 3:
        return "grey images"
    if len(shape) != 4:
        return "images"
    last = channels_last(shape)
    count = shape[3] if last else shape[1]
    kinds = {1: "grey images", 3: "colour images", 4: "colour images with alpha as a fourth channel"}
    return f"{kinds.get(count, f'images of {count} channels')}, channels {'last' if last else 'first'}"


def as_images(array: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """Return images (N, H, W), (N, C, H, W) or (N, D), uint8 or float32, read-only; `where` begins the messages.

    Channels on the last axis are moved before the rows, a single one there is left out; whole numbers from 0 to 255
    become uint8, wider and narrower floats float32. Raises UserError for other shapes and values.
    """
    if array.ndim not in (2, 3, 4) or array.size == 0:
        raise UserError(
            f"{where} has the shape {array.shape}; expected at least one image, as (N, H, W), (N, H, W, 3), "
            "(N, C, H, W) or flat (N, D)"
        )
    images = _typed(array, where)
    if channels_last(images.shape):
        images = images[..., 0] if images.shape[3] == 1 else images.transpose(0, 3, 1, 2)
    images = np.ascontiguousarray(images)
    images.flags.writeable = False
    return images


def _typed(images: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    if images.dtype.kind == "f":
        with np.errstate(over="ignore"):
            images = images.astype(np.float32, copy=False)
        bad = images.size - int(np.count_nonzero(np.isfinite(images)))
        if bad:
            raise UserError(
                f"{where} holds {bad:,} values that are NaN, infinite or too large for float32; "
                "replace them before saving"
            )
        return images
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind in "iu":
        low, high = int(images.min()), int(images.max())
        if low >= 0 and high <= 255:
            return images.astype(np.uint8, copy=False)
        raise UserError(
            f"{where} has the type {images.dtype} with values {low} to {high}; expected 0 to 255, or floats; "
            f"save it as floats, such as ({where.rpartition(' ')[2]} / {max(high, 1)}).astype(np.float32)"
        )
    raise UserError(
        f"{where} has the type {images.dtype}; expected uint8 (0 to 255) or floats; "
        "save it with .astype(np.uint8) or .astype(np.float32)"
    )
