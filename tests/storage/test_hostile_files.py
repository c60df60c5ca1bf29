"""Files that were made to fill the memory or to run code, and files that were damaged: one sentence each."""

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.limits import MOST_BYTES
from hpo.storage.sources import FILE_NAMES
from hpo.storage.test_check import check_test_part
from tests.support.dataset_files import small_arrays, write_idx_folder

ARRAYS = small_arrays(n_train=40, n_test=10)


def load(path: Path) -> None:
    located = locate(str(path), announce=print)
    check_test_part(located, load_training_part(located))


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def npy_header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1")


def archive(path: Path, packing: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", packing) as written:
        for name, data in ({key: npy(array) for key, array in ARRAYS.items()} | members).items():
            written.writestr(f"{name}.npy", data)
    return path


SHAPE = "{'descr': '|u1', 'fortran_order': False, 'shape': %s}\n"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (npy_header(SHAPE % "(1000000000000,)"), "1,000,000,000,000 bytes unpacked; at most"),
        (npy_header(SHAPE % f"({2**40}, {2**40})"), "bytes unpacked; at most"),
        (npy_header(SHAPE % "(3, 4, 5)"), "header says 3 x 4 x 5 of uint8, so 60 bytes were expected, found 0"),
        (npy_header(SHAPE % "(-3, 4, -5)") + bytes(60), "can't be read|shape"),
        (npy_header(SHAPE % ("(" * 3000 + ")" * 3000)), "x_train can't be read"),
        (npy_header(SHAPE % ("-" * 3000 + "1")), "x_train can't be read"),
        (npy_header("import os"), "x_train can't be read"),
        (npy(np.array([None, {}], dtype=object)), "found: Python objects"),
        (b"cos\nsystem\n(S'true'\ntR.", "x_train can't be read"),
        (b"\x93NUMPY\x09\x00" + bytes(50), "x_train can't be read"),
        (b"", "x_train can't be read"),
    ],
    ids=[
        "10^12 bytes",
        "10^24 bytes",
        "nothing behind the header",
        "negative",
        "parentheses",
        "signs",
        "code",
        "objects",
        "a pickle",
        "version 9",
        "empty",
    ],
)
def test_an_array_that_is_not_what_it_announces_is_told(tmp_path, member, message):
    with pytest.raises(UserError, match=message) as raised:
        load(archive(tmp_path / "own.npz", x_train=member))
    assert len(str(raised.value)) < 900


def test_an_array_that_unpacks_to_gigabytes_is_refused_before_it_does(tmp_path):
    path = tmp_path / "own.npz"
    header = npy_header(SHAPE % f"({MOST_BYTES},)")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(header + bytes(1 << 20)) + packer.flush()
    archive(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as written:
        del written.NameToInfo["x_train.npy"]
        written.filelist = [each for each in written.filelist if each.filename != "x_train.npy"]
        written.writestr("x_train.npy", header + bytes(1 << 20))
        info = written.NameToInfo["x_train.npy"]
        info.file_size = 4 << 30
    assert len(packed) < 4096
    with pytest.raises(UserError, match=r"x_train takes 4,294,967,296 bytes unpacked; at most 2,147,483,648 are read"):
        load(path)


@pytest.mark.parametrize("name", [FILE_NAMES["x_train"], FILE_NAMES["y_train"]])
def test_a_gzip_file_that_unpacks_to_more_than_its_header_says_is_not_unpacked_to_its_end(tmp_path, name):
    folder = write_idx_folder(tmp_path, ARRAYS)
    path = folder / f"{name}.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(50_000_000)))
    with pytest.raises(UserError, match=r"too long; its header says .* bytes, but more than"):
        load(folder)


def test_a_gzip_file_whose_header_says_gigabytes_is_refused(tmp_path):
    folder = write_idx_folder(tmp_path, ARRAYS)
    bomb = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**20, 64, 64) + bytes(1000)
    (folder / f"{FILE_NAMES['x_train']}.gz").write_bytes(gzip.compress(bomb))
    with pytest.raises(UserError, match="4,294,967,312 bytes unpacked; at most"):
        load(folder)


@pytest.mark.parametrize(("place", "value", "message"), [(6, 1, "encrypted"), (8, 99, "compression|damaged")])
def test_encrypted_and_unknown_packing_are_told(tmp_path, place, value, message):
    path = archive(tmp_path / "own.npz")
    data = bytearray(path.read_bytes())
    for signature, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        start = data.find(signature)
        while start >= 0:
            data[start + place + shift] = value
            start = data.find(signature, start + 4)
    path.write_bytes(bytes(data))
    with pytest.raises(UserError, match=message):
        load(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_file_is_told_or_read_but_never_a_traceback(tmp_path, packing):
    whole = archive(tmp_path / "own.npz", packing).read_bytes()
    rng = np.random.default_rng(packing)
    for _ in range(100):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 6)):
            data[place] = rng.integers(0, 256)
        (tmp_path / "own.npz").write_bytes(bytes(data[: rng.integers(1, len(data)) if rng.random() < 0.2 else None]))
        try:
            load(tmp_path / "own.npz")
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most of them are refused, some are read


@pytest.mark.parametrize("dataset", ["~nosuchuser/x.npz", "x" * 10_000, "a\0b.npz", "/" + "d/" * 5000 + "x.npz"])
def test_paths_that_are_none_are_told(dataset):
    with pytest.raises(UserError, match=r"no dataset|is no path") as raised:
        locate(dataset, announce=print)
    assert len(str(raised.value)) < 700
