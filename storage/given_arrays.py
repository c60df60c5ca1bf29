"""Arrays that are handed over in Python, kept as a file of the user's cache, by what is in them: workers read it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hpo.storage.errors import UserError
from hpo.storage.sources import cache_folder


def kept_arrays(train: Any, test: Any | None = None) -> Path:
    """Return an .npz file with the arrays (x, y) of `train`, and of `test`. Raises UserError for other things."""
    arrays = _pair(train, "data", "train")
    if test is not None:
        arrays |= _pair(test, "test", "test")
    told = hashlib.sha256()
    for name, array in arrays.items():
        told.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        told.update(np.ascontiguousarray(array).tobytes())
    folder = cache_folder("arrays")
    path = folder / f"{told.hexdigest()[:24]}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        os.replace(file.name, path)  # noqa: PTH105 - a string is what it has
    return path


def _pair(given: Any, name: str, part: str) -> dict[str, np.ndarray[Any, Any]]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise UserError(f"{name}: expected (x, y), the examples and their labels, or a dataset's name or path")
    x, y = (np.asarray(each) for each in given)
    for array in (x, y):
        if array.dtype.hasobject:
            raise UserError(f"{name}: {array.shape} Python objects; expected numbers, or text for labels")
    if x.ndim < 2 or y.shape[:1] != x.shape[:1]:
        raise UserError(f"{name}: x has the shape {x.shape} and y {y.shape}; expected (N, ...) and (N,)")
    return {f"x_{part}": x, f"y_{part}": y}
