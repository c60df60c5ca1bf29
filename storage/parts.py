"""Read one part of a located dataset: its bytes, the check of their SHA-256, the array."""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.digits import parse_digits
from hpo.storage.errors import UserError
from hpo.storage.idx import parse_idx, unpack
from hpo.storage.located import REMEDIES, Located
from hpo.storage.npz import member_bytes, parse_images, parse_labels
from hpo.storage.sources import FILE_NAMES, SOURCES


def read_images(located: Located, part: str) -> npt.NDArray[Any]:
    """Return the images of `part`: (N, H, W), (N, C, H, W) or (N, D), uint8 or float32, read-only.

    Raises UserError if the file is damaged or isn't the one that was located.
    """
    data, path = _checked_bytes(located, part), located.part(part).path
    if located.kind == "npz":
        return parse_images(data, path, part)
    return parse_digits(data, part) if located.kind == "digits" else parse_idx(data, path, "images")


def read_labels(located: Located, part: str) -> npt.NDArray[np.int64]:
    """Return the labels of `part`: (N,), int64, none negative, read-only.

    Raises UserError if the file is damaged or isn't the one that was located.
    """
    data, path = _checked_bytes(located, part), located.part(part).path
    if located.kind == "npz":
        return parse_labels(data, path, part)
    found = parse_digits(data, part) if located.kind == "digits" else parse_idx(data, path, "labels")
    labels = found.astype(np.int64)
    labels.flags.writeable = False
    return labels


def check_lengths(located: Located, images: npt.NDArray[Any], labels: npt.NDArray[Any], which: str) -> None:
    """Raise UserError unless there is one label for each image of `which` ("train" or "test")."""
    if len(images) != len(labels):
        raise UserError(
            f"{located.part(f'y_{which}').path}: {len(labels):,} labels for the {len(images):,} images of x_{which} in "
            f"{located.part(f'x_{which}').path}; expected one label an image; do both come from the same dataset?"
        )


def _checked_bytes(located: Located, part: str) -> bytes:
    file = located.part(part)
    remedy = REMEDIES[located.place]
    try:
        data = member_bytes(file.path, part) if located.kind == "npz" else unpack(file.path)
    except UserError as error:
        raise UserError(f"{error} ({located.place}: {remedy})") from error
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise UserError(
            f"{file.path}: not the {part} of {located.name}; expected SHA-256 {file.sha256} of the unpacked bytes, "
            f"found {found}{_owner(found)}; {remedy}"
        )
    return data


def _owner(sha256: str) -> str:
    """Return a hint if the checksum is that of another known file: swapped and mixed-up files are common."""
    for source in SOURCES.values():
        for part, known in source.sha256.items():
            if sha256 == known:
                return f" (that is {FILE_NAMES[part]} of {source.name})"
    return ""
