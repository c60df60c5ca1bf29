"""Read IDX files, the format of MNIST: a four-byte magic number, the sizes, then the bytes.

The magic number is 0, 0, a code for the element type and the number of dimensions; sizes are big-endian 32-bit
integers. Whether a file is gzipped is told by its first bytes, not by its name: mirrors and unpackers differ in names.
"""

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError
from hpo.storage.limits import check_size, read_whole

Content = Literal["images", "labels"]

_RANKS: dict[Content, tuple[int, ...]] = {"images": (3, 4), "labels": (1,)}
_DIMENSIONS = {1: "1 dimension, as labels have"} | {rank: f"{rank} dimensions, as images have" for rank in (3, 4)}
_UBYTE = 0x08
_MOST_DIMENSIONS = 4
_LONGEST_HEADER = 4 + 4 * _MOST_DIMENSIONS
_OTHER_CONTENT = 1 << 26  # what is no IDX file is unpacked this far, for the message about it
_SURPLUS = 1 << 16  # so much more than announced is unpacked, for the message about that
_TYPES = {_UBYTE: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}


def unpack(path: Path) -> bytes:
    """Return the bytes of the file `path`, gunzipped if they are gzip; raises UserError if that can't be done.

    What an IDX header announces is measured before the rest is unpacked, and no more than that is.
    """
    raw = read_whole(path)
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
            start = packed.read(_LONGEST_HEADER)
            announced = _announced(start)
            check_size(announced, str(path))
            room = announced or _OTHER_CONTENT
            data = start + packed.read(max(0, room - len(start)) + _SURPLUS)
    except EOFError as error:
        raise UserError(
            f"{path}: truncated; expected a whole gzip file, found one that breaks off after {len(raw):,} bytes; "
            "copy or download it again"
        ) from error
    except (OSError, zlib.error) as error:
        raise UserError(
            f"{path}: damaged; expected a whole gzip file, found one that doesn't unpack ({error}); "
            "copy or download it again"
        ) from error
    if len(data) >= room + _SURPLUS:
        expected = f"its header says {announced:,} bytes" if announced else "it is no IDX file"
        raise UserError(f"{path}: too long; {expected}, but more than {room:,} come out of it; download it again")
    return data


def _announced(start: bytes) -> int:
    """Return how many bytes the IDX file that begins with `start` has by its header; 0 if it is none."""
    if len(start) < 4 or start[:3] != bytes([0, 0, _UBYTE]) or not 1 <= start[3] <= _MOST_DIMENSIONS:
        return 0
    end = 4 + 4 * start[3]
    return end + math.prod(struct.unpack(f">{start[3]}I", start[4:end])) if len(start) >= end else 0


def parse_idx(data: bytes, path: Path, content: Content) -> npt.NDArray[np.uint8]:
    """Return the read-only array in `data`, an unpacked IDX file; `path` is named in the messages.

    Raises UserError where the magic number, the element type, the number of dimensions or the length is not what
    a file of `content` has.
    """
    rank = _checked_rank(data, path, content)
    start = 4 + 4 * rank
    if len(data) < start:
        raise UserError(f"{path}: truncated; expected a header of {start} bytes, found {len(data)}; copy it again")
    shape = struct.unpack(f">{rank}I", data[4:start])
    expected, found = math.prod(shape), len(data) - start
    sizes = " x ".join(str(size) for size in shape)
    if expected == 0:
        raise UserError(f"{path}: empty; expected at least one of the {content}, found sizes {sizes}")
    if found != expected:
        fault = "truncated" if found < expected else "too long"
        raise UserError(
            f"{path}: {fault}; its header says {sizes}, so {expected:,} bytes were expected after it, "
            f"found {found:,}; copy or download it again"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)


def _checked_rank(data: bytes, path: Path, content: Content) -> int:
    if not data:
        raise UserError(f"{path}: empty; expected an IDX file of {content}, found no bytes; copy or download it again")
    if len(data) < 4 or data[:2] != b"\0\0":
        raise UserError(
            f"{path}: not an IDX file; expected one that starts with the bytes 00 00 08, "
            f"found {data[:4].hex(' ')}{_guess(data)}"
        )
    code, rank = data[2], data[3]
    if code != _UBYTE:
        raise UserError(
            f"{path}: wrong element type; expected code 0x08 (uint8), found 0x{code:02X} "
            f"({_TYPES.get(code, 'unknown')}); other types are read from .npz files"
        )
    if rank not in _RANKS[content]:
        wanted = " or ".join(str(each) for each in _RANKS[content])
        swapped = "; were the images and the labels file swapped?" if rank in _DIMENSIONS else ""
        raise UserError(
            f"{path}: not a file of {content}; expected {wanted} dimension{'' if wanted == '1' else 's'}, "
            f"found {_DIMENSIONS.get(rank, f'{rank} dimensions')}{swapped}"
        )
    return rank


def _guess(data: bytes) -> str:
    if data.lstrip()[:1] == b"<":
        return " (a web page, it seems: download the file itself)"
    if data.startswith(b"PK"):
        return " (a zip archive: unpack it first)"
    return ""
