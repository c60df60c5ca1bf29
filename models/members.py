"""Arrays of a saved network's file, read without trusting it.

NumPy's own reader evaluates a member's header as Python source, and allocates what it claims. What `save_network`
writes has one form, so that form is asked for, and sizes are compared before anything is unpacked. No code is run.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from hpo.models.arrays import Array

MOST_HEADER_BYTES = 100_000
"""Of the member that describes the network: some thousand letters, four bytes each."""

_PREAMBLE = 128
"""Bytes that NumPy puts before the numbers of a vector, or of one text."""

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>])(f4|f8|U\d{1,6})', 'fortran_order': False, "
    rb"'shape': \((?:(\d{1,12}),)?\), \} *\n",
    re.DOTALL,
)

_DAMAGED = (
    OSError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,  # NotImplementedError, an unknown way of packing, and encryption are such
    OverflowError,
    MemoryError,
    zlib.error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True, slots=True)
class Members:
    """The members of an open file, each with what it says of its size."""

    archive: zipfile.ZipFile

    def __contains__(self, name: str) -> bool:
        return f"{name}.npy" in self.archive.namelist()

    def text(self, name: str) -> str:
        """Return the text in member `name`; ValueError if it is none, or longer than any that was written."""
        content = self._content(name, MOST_HEADER_BYTES)
        order, kind, length, start = _header(name, content)
        if not kind.startswith("U") or length is not None or len(content) - start != 4 * int(kind[1:]):
            raise ValueError(f"its {name} is no text")
        return content[start:].decode("utf-32-le" if order == "<" else "utf-32-be").rstrip("\0")

    def vector(self, name: str, most: int) -> Array:
        """Return the numbers in member `name`, at most `most` of them, float32 or float64; ValueError else."""
        content = self._content(name, _PREAMBLE + 8 * most)
        order, kind, length, start = _header(name, content)
        if kind.startswith("U") or length is None:
            raise ValueError(f"its {name} are no vector of numbers")
        dtype = np.dtype(f"{order}{kind}")
        if len(content) - start != length * dtype.itemsize:
            raise ValueError(f"its {name} should be {length:,} numbers, and are {len(content) - start:,} bytes")
        numbers: Array = np.frombuffer(content, dtype, offset=start).astype(dtype.newbyteorder("="))
        return numbers

    def _content(self, name: str, most: int) -> bytes:
        """Return the bytes of member `name`, of which there may be `most`; what it claims is asked first."""
        member = self.archive.getinfo(f"{name}.npy")
        if member.file_size > most:
            raise ValueError(f"its {name} claim {member.file_size:,} bytes where at most {most:,} can be")
        with self.archive.open(member) as stream:
            content = stream.read(most + 1)
        if len(content) != member.file_size:
            raise ValueError(f"its {name} are {len(content):,} bytes, and claim {member.file_size:,}")
        return content


@contextmanager
def members_of(content: bytes) -> Iterator[Members]:
    """Open `content`, the bytes of an .npz file; whatever goes wrong while it is open becomes a ValueError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield Members(archive)
    except _DAMAGED as error:
        raise ValueError(f"{type(error).__name__}: {error}" if not str(error) else str(error)) from error


def _header(name: str, content: bytes) -> tuple[str, str, int | None, int]:
    """Return byte order, type, length (None: a single value) and where the values begin."""
    found = _HEADER.match(content)
    if found is None:
        raise ValueError(f"its {name} are no array that save_network writes")
    order, kind, length = found.groups()
    return order.decode(), kind.decode(), None if length is None else int(length), found.end()
