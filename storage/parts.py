"""Read one part of a located dataset, for training or for the test: bytes, the check of their SHA-256, the arrays."""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage import class_folders, digits, npz
from hpo.storage.copies import partition_with_copies, pictures
from hpo.storage.errors import UserError
from hpo.storage.idx import parse_idx, unpack
from hpo.storage.labels import class_values, numbered
from hpo.storage.located import REMEDIES, Located, joined_digest
from hpo.storage.pixels import as_images
from hpo.storage.sources import FILE_NAMES, SOURCES

TEST_SHARE, _TEST_SEED = 5, 2026
"""Of data without test images, one in so many is taken for the test, always the same."""

Part = tuple[npt.NDArray[Any], npt.NDArray[np.int64]]


def read_part(located: Located, which: str) -> Part:
    """Return images and labels of `which`, "train" or "test", both read-only.

    Images are (N, H, W), (N, C, H, W) or (N, D), uint8 or float32; labels (N,) int64, numbered from 0. Raises UserError
    if a file is damaged or isn't the one that was located, and if the two don't belong together.
    """
    images, labels = _images(located, f"x_{which}"), _labels(located, f"y_{which}")
    if len(images) != len(labels):
        raise UserError(
            f"{located.part(f'y_{which}').path}: {len(labels):,} labels for the {len(images):,} images of x_{which} in "
            f"{located.part(f'x_{which}').path}; expected one label an image; do both come from the same dataset?"
        )
    if located.all_in_one:
        rows = _drawn(images, labels, which)
        images, labels = images[rows], labels[rows]
    for array in (images, labels):
        array.flags.writeable = False
    return images, labels


def raw_labels(located: Located, part: str) -> npt.NDArray[Any]:
    """Return the labels of `part` as they were saved, before they are numbered: (N,), int64 or text."""
    file = located.part(part)
    if located.kind == "pictures":
        _check_pictures(located, part)
        return class_folders.read_classes(file.path / each for each in file.members)
    if located.kind == "npz":
        arrays = [class_values(array, f"{file.path}: {key}") for key, array in checked_arrays(located, part)]
        return np.concatenate(arrays)
    return parse_idx(_checked_bytes(located, part), file.path, "labels").astype(np.int64)


def checked_arrays(located: Located, part: str) -> list[tuple[str, npt.NDArray[Any]]]:
    """Return the arrays of `part` of an .npz file as they were saved, by name, after checking their SHA-256."""
    path = located.part(part).path
    return [(key, npz.parse(data, f"{path}: {key}")) for key, data in _checked_members(located, part)]


def _labels(located: Located, part: str) -> npt.NDArray[np.int64]:
    if located.kind == "digits":
        return digits.digit_labels(part.rpartition("_")[2])
    labels = raw_labels(located, part)
    return numbered(labels, located.classes, _where(located, part)) if located.classes else labels.astype(np.int64)


def _images(located: Located, part: str) -> npt.NDArray[Any]:
    file = located.part(part)
    if located.kind == "pictures":
        _check_pictures(located, part)
        return class_folders.read_pictures([file.path / each for each in file.members], colour=located.colour)
    if located.kind == "npz":
        arrays = [as_images(array, f"{file.path}: {key}") for key, array in checked_arrays(located, part)]
        shapes = {array.shape[1:]: key for array, key in zip(arrays, file.members, strict=True)}
        if len(shapes) > 1:
            listed = ", ".join(f"{key} {shape}" for shape, key in shapes.items())
            raise UserError(f"{file.path}: images have several shapes: {listed}; expected one")
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    images = parse_idx(_checked_bytes(located, part), file.path, "images")
    if located.kind == "digits":
        return images[digits.digit_rows(part.rpartition("_")[2])]
    return as_images(images, str(file.path)) if located.own else images


def _drawn(images: npt.NDArray[Any], labels: npt.NDArray[np.int64], which: str) -> npt.NDArray[np.int64]:
    """Return the rows of `which` where all images are in one: a stratified draw, copies of a picture on one side."""
    test = max(1, len(labels) // TEST_SHARE)
    parts = partition_with_copies(labels, pictures(images), holdout=test, seed=_TEST_SEED)
    return np.sort(parts.holdout if which == "test" else parts.pool)


def _where(located: Located, part: str) -> str:
    file = located.part(part)
    return f"{file.path}: {' and '.join(file.members) or part}"


def _checked_members(located: Located, part: str) -> list[tuple[str, bytes]]:
    file = located.part(part)
    try:
        data = [(key, npz.member_bytes(file.path, key)) for key in file.members]
    except UserError as error:
        raise UserError(f"{error} ({located.place}: {REMEDIES[located.place]})") from error
    found = [hashlib.sha256(each).hexdigest() for _, each in data]
    _check(located, part, found[0] if len(found) == 1 else joined_digest(found))
    return data


def _checked_bytes(located: Located, part: str) -> bytes:
    try:
        data = unpack(located.part(part).path)
    except UserError as error:
        raise UserError(f"{error} ({located.place}: {REMEDIES[located.place]})") from error
    _check(located, part, hashlib.sha256(data).hexdigest())
    return data


def _check_pictures(located: Located, part: str) -> None:
    file = located.part(part)
    _check(located, part, class_folders.digests(file.path / each for each in file.members)[part.startswith("y")])


def _check(located: Located, part: str, found: str) -> None:
    """Raise UserError unless `found` is the SHA-256 that `part` was located with."""
    file = located.part(part)
    expected = digits.FILE_SHA256 if located.kind == "digits" else file.sha256
    if found != expected:
        raise UserError(
            f"{file.path}: not the {part} of {located.name}; expected SHA-256 {expected} of the unpacked bytes, "
            f"found {found}{_owner(found)}; {REMEDIES[located.place]}"
        )


def _owner(sha256: str) -> str:
    """Return a hint if the checksum is that of another known file: swapped and mixed-up files are common."""
    for source in SOURCES.values():
        for part, known in source.sha256.items():
            if sha256 == known:
                return f" (that is {FILE_NAMES[part]} of {source.name})"
    return ""
