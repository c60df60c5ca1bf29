"""Read arrays from an `.npz` file: a zip archive with a member in .npy format for each.

An array is read only when it is asked for. Its sizes are compared with its header and a limit before anything is
unpacked, and pickled objects are never loaded: a dataset from elsewhere must not run code, nor fill the memory.
"""

import hashlib
import io
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError
from hpo.storage.limits import check_size

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    MemoryError,
    ValueError,
    struct.error,
)
_MOST_DEFLATE = 1100  # deflate makes at most 1032 bytes of one; who announces more is wrong about the size


def names(path: Path) -> list[str]:
    """Return the names of the arrays in the file; raises UserError if it is damaged or no archive."""
    with _archive(path, "its list of arrays") as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def member_digest(path: Path, key: str) -> str:
    """Return the SHA-256 of array `key`'s unpacked bytes; raises UserError if the file is damaged."""
    return hashlib.sha256(member_bytes(path, key)).hexdigest()


def member_bytes(path: Path, key: str) -> bytes:
    """Return array `key`'s unpacked bytes (in .npy format).

    Raises UserError if the file is damaged, or the array too large for memory by what header or archive announce.
    """
    with _archive(path, key) as archive:
        info = archive.getinfo(_name(archive, key))
        check_size(info.file_size, f"{path}: {key}")
        if info.file_size > _MOST_DEFLATE * max(1, info.compress_size) and info.compress_type == zipfile.ZIP_DEFLATED:
            raise zipfile.BadZipFile(f"{info.file_size:,} bytes announced in {info.compress_size:,} packed ones")
        with archive.open(info) as stream:
            start = stream.read(_LONGEST_HEADER)
            _check_header(start, info.file_size, f"{path}: {key}")
            return start + stream.read()


def shape(path: Path, key: str) -> tuple[int, ...]:
    """Return the shape of array `key`, from its header alone; raises UserError if there is none."""
    with _archive(path, key) as archive, archive.open(_name(archive, key)) as stream:
        return _header(stream.read(_LONGEST_HEADER), f"{path}: {key}")[0]


def parse(data: bytes, where: str) -> npt.NDArray[Any]:
    """Return the array in the .npy bytes `data`; raises UserError, beginning with `where`, if there is none."""
    try:
        return np.asarray(np.lib.format.read_array(io.BytesIO(data), allow_pickle=False))
    except Exception as error:  # see _check_header
        raise _unreadable(where, error) from error


_LONGEST_HEADER = 1 << 14


def _name(archive: zipfile.ZipFile, key: str) -> str:
    return f"{key}.npy" if f"{key}.npy" in archive.namelist() else key


def _header(start: bytes, where: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Return shape, type and length of the header that the .npy file begins with."""
    try:
        stream = io.BytesIO(start)
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        return shape, dtype, stream.tell()
    except Exception as error:  # whatever a damaged or hostile header makes NumPy's parser raise
        raise _unreadable(where, error) from error


def _check_header(start: bytes, size: int, where: str) -> None:
    """Raise UserError if the .npy file of `size` bytes that begins with `start` announces what it can't hold."""
    shape, dtype, length = _header(start, where)
    if dtype.hasobject:
        raise _unreadable(where, "Python objects")
    announced = math.prod(shape) * dtype.itemsize
    check_size(announced, where)
    if announced != size - length:
        raise UserError(
            f"{where} can't be read; its header says {' x '.join(map(str, shape)) or 'one value'} of {dtype}, so "
            f"{announced:,} bytes were expected, found {size - length:,}; save it again"
        )


def _unreadable(where: str, why: object) -> UserError:
    return UserError(
        f"{where} can't be read; expected a plain array, found: {str(why)[:200]}; Python objects are not loaded, as "
        "they could run code: save images with .astype(np.uint8) and labels with .astype(str) or .astype(int)"
    )


@contextmanager
def _archive(path: Path, key: str) -> Iterator[zipfile.ZipFile]:
    """Open the file; whatever goes wrong while it is open and read becomes a UserError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _DAMAGE as error:
        raise UserError(
            f"{path}: damaged or not an .npz file; expected a zip archive as np.savez writes it, "
            f"found: {error or type(error).__name__} (at {key}); save or copy it again"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror or error}); check path and permissions") from error
