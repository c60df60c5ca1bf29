"""Read a user's own dataset from an `.npz` file with the arrays x_train, y_train, x_test and y_test.

Each array is a member of a zip archive and is read only when it is asked for, so that reading the training part
doesn't touch the test images. Pickled objects are never loaded: a dataset from elsewhere must not run code.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError

KEYS = ("x_train", "y_train", "x_test", "y_test")
MOST_CLASSES = 10_000  # beyond it the "labels" are ids or a mistake, and the last layer would not fit into memory


def member_digest(path: Path, key: str) -> str:
    """Return the SHA-256 of array `key`'s unpacked bytes; raises UserError if the file is damaged or lacks it."""
    return hashlib.sha256(member_bytes(path, key)).hexdigest()


def member_bytes(path: Path, key: str) -> bytes:
    """Return array `key`'s unpacked bytes (in .npy format); raises UserError if the file is damaged or lacks it."""
    with _member(path, key) as stream:
        return stream.read()


def parse_images(data: bytes, path: Path, key: str) -> npt.NDArray[Any]:
    """Return images from .npy bytes: (N, H, W), (N, C, H, W) or (N, D), uint8 or float32, read-only.

    Wider and narrower floats become float32. Raises UserError for any other type or shape, for no images at all,
    and for NaN or infinite values.
    """
    images = _parse(data, path, key)
    if images.ndim not in (2, 3, 4) or images.size == 0:
        raise UserError(
            f"{path}: {key} has the shape {images.shape}; expected at least one image, as (N, H, W), (N, C, H, W) "
            "or flat (N, D)"
        )
    if images.dtype.kind == "f":
        with np.errstate(over="ignore"):
            images = images.astype(np.float32, copy=False)
        bad = images.size - int(np.count_nonzero(np.isfinite(images)))
        if bad:
            raise UserError(
                f"{path}: {key} holds {bad:,} values that are NaN, infinite or too large for float32; "
                "replace them before saving"
            )
    elif images.dtype != np.uint8:
        raise UserError(
            f"{path}: {key} has the type {images.dtype}; expected uint8 (0 to 255) or float; "
            f"save it with {key}.astype(np.uint8) or {key}.astype(np.float32)"
        )
    images = np.ascontiguousarray(images)
    images.flags.writeable = False
    return images


def parse_labels(data: bytes, path: Path, key: str) -> npt.NDArray[np.int64]:
    """Return labels (N,) from .npy bytes, int64, read-only.

    Raises UserError if they aren't one row of integers from 0 up.
    """
    labels = _parse(data, path, key)
    if labels.ndim != 1 or labels.size == 0:
        raise UserError(
            f"{path}: {key} has the shape {labels.shape}; expected one label an image, (N,)"
            + ("; turn one-hot rows into labels with .argmax(axis=1)" if labels.ndim == 2 else "")
        )
    if labels.dtype.kind not in "iu":
        raise UserError(f"{path}: {key} has the type {labels.dtype}; expected integer labels 0, 1, ... K-1")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= MOST_CLASSES:
        raise UserError(
            f"{path}: {key} holds the label {low if low < 0 else high}; expected labels 0, 1, ... K-1 with K at most "
            f"{MOST_CLASSES:,}; np.unique(labels, return_inverse=True) renumbers them"
        )
    labels = labels.astype(np.int64)
    labels.flags.writeable = False
    return labels


@contextmanager
def _member(path: Path, key: str) -> Iterator[IO[bytes]]:
    """Open array `key`; whatever goes wrong while it is open and read becomes a UserError."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
            if missing := [each for each in KEYS if each not in names]:
                raise UserError(
                    f"{path}: lacks {', '.join(missing)}; expected the arrays {', '.join(KEYS)}, "
                    f"found {', '.join(sorted(names)) or 'none'}; save them with np.savez(path, x_train=..., ...)"
                )
            with archive.open(f"{key}.npy") as stream:
                yield stream
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise UserError(
            f"{path}: damaged or not an .npz file; expected a zip archive as np.savez writes it, "
            f"found: {error} (at {key}); save or copy it again"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror or error}); check path and permissions") from error


def _parse(data: bytes, path: Path, key: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.lib.format.read_array(io.BytesIO(data), allow_pickle=False))
    except (ValueError, EOFError, MemoryError) as error:
        raise UserError(
            f"{path}: {key} can't be read; expected a plain array of numbers, found: {error}; "
            "Python objects are not loaded, as they could run code: save it with a numeric dtype"
        ) from error
