"""Small real dataset files for the tests of this folder."""

import gzip
import hashlib
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hpo.storage.sources import FILE_NAMES

Arrays = dict[str, npt.NDArray[np.uint8]]


def idx_bytes(array: npt.NDArray[np.uint8]) -> bytes:
    """Return `array` as an unpacked IDX file."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def small_arrays(n_train: int = 12, n_test: int = 6, classes: int = 3, shape: tuple[int, ...] = (4, 5)) -> Arrays:
    """Return random images (n, *shape) and labels 0..classes-1 that all occur."""
    rng = np.random.default_rng(7)
    return {
        "x_train": rng.integers(0, 256, (n_train, *shape), dtype=np.uint8),
        "y_train": np.arange(n_train, dtype=np.uint8) % classes,
        "x_test": rng.integers(0, 256, (n_test, *shape), dtype=np.uint8),
        "y_test": np.arange(n_test, dtype=np.uint8) % classes,
    }


def write_idx_folder(folder: Path, arrays: Mapping[str, npt.NDArray[np.uint8]], *, packed: bool = True) -> Path:
    """Write four IDX files under their usual names into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, array in arrays.items():
        data = idx_bytes(array)
        if packed:
            (folder / f"{FILE_NAMES[part]}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / FILE_NAMES[part]).write_bytes(data)
    return folder


def checksums(arrays: Mapping[str, npt.NDArray[np.uint8]]) -> dict[str, str]:
    """Return the SHA-256 of each array's unpacked IDX file."""
    return {part: hashlib.sha256(idx_bytes(array)).hexdigest() for part, array in arrays.items()}
