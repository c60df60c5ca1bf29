import gzip
from pathlib import Path

import numpy as np
import pytest

from hpo.storage.errors import UserError
from hpo.storage.idx import Content, parse_idx, unpack
from tests.support.dataset_files import idx_bytes

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([3, 1, 2], dtype=np.uint8)


@pytest.mark.parametrize(
    ("array", "content"), [(IMAGES, "images"), (IMAGES.reshape(2, 1, 3, 4), "images"), (LABELS, "labels")]
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", ["data", "data.gz"])
def test_what_was_written_is_read_whatever_the_name_says_of_the_packing(tmp_path, array, content, pack, name):
    path = tmp_path / name
    path.write_bytes(pack(idx_bytes(array)))
    read = parse_idx(unpack(path), path, content)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == np.uint8
    assert not read.flags.writeable


def faulty_files() -> dict[str, tuple[bytes, Content, str]]:
    good = idx_bytes(IMAGES)
    packed = gzip.compress(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes())
    return {
        "no bytes": (b"", "images", "empty; expected an IDX file of images, found no bytes"),
        "an image of nothing": (idx_bytes(IMAGES[:0]), "images", "empty; .* found sizes 0 x 3 x 4"),
        "three bytes": (b"\0\0\x08", "images", "not an IDX file"),
        "another magic number": (b"\x93NUMPY", "images", "starts with the bytes 00 00 08, found 93 4e 55 4d"),
        "a web page": (b"<!DOCTYPE html>", "images", "a web page"),
        "a zip archive": (b"PK\x03\x04rest", "images", "a zip archive"),
        "floats": (b"\0\0\x0d\x03" + good[4:], "images", r"code 0x08 \(uint8\), found 0x0D \(float32\)"),
        "an unknown type": (b"\0\0\x77\x03" + good[4:], "images", r"0x77 \(unknown\)"),
        "labels as images": (idx_bytes(LABELS), "images", "expected 3 or 4 dimensions, found 1 .*swapped"),
        "images as labels": (good, "labels", "expected 1 dimension, found 3 .*swapped"),
        "two dimensions": (idx_bytes(IMAGES[0]), "images", "expected 3 or 4 dimensions, found 2"),
        "a broken header": (good[:9], "images", "truncated; expected a header of 16 bytes, found 9"),
        "a missing byte": (good[:-1], "images", "truncated; its header says 2 x 3 x 4, so 24 .* found 23"),
        "one byte too many": (good + b"!", "images", "too long; .* so 24 bytes were expected after it, found 25"),
        "sizes beyond any memory": (good[:4] + b"\xff" * 12, "images", "truncated; its header says 4294967295"),
        "half a gzip file": (packed[: len(packed) // 2], "images", "truncated; expected a whole gzip file"),
        "a gzip file with a flipped byte": (packed[:-3] + b"\x00\x01\x02", "images", "damaged; .* doesn't unpack"),
        "a gzip head and noise": (b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 40, "images", "damaged"),
    }


@pytest.mark.parametrize("fault", faulty_files())
def test_a_fault_is_told_with_the_file_and_what_was_expected_and_found(tmp_path, fault):
    data, content, message = faulty_files()[fault]
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as raised:
        parse_idx(unpack(path), path, content)
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_path_that_is_no_file_is_a_users_mistake(tmp_path: Path, name: str):
    with pytest.raises(UserError, match="can't be read"):
        parse_idx(unpack(tmp_path / name), tmp_path / name, "images")
