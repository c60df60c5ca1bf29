import zipfile

import numpy as np
import pytest

from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.test_set import load_test_part
from tests.support.dataset_files import small_arrays


def load(path):
    return load_training_part(locate(str(path), announce=print))


def save(tmp_path, **changed):
    path = tmp_path / "own.npz"
    arrays = {key: value for key, value in (small_arrays() | changed).items() if value is not None}
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (20,)], ids=["grey", "colour", "flat"])
@pytest.mark.parametrize(
    ("saved", "loaded"),
    [(np.uint8, np.uint8), (np.float32, np.float32), (np.float64, np.float32), (np.float16, np.float32)],
)
def test_images_keep_their_shape_and_come_as_uint8_or_float32(tmp_path, shape, saved, loaded):
    arrays = small_arrays(shape=shape)
    path = save(tmp_path, x_train=arrays["x_train"].astype(saved), y_train=arrays["y_train"].astype(np.int32))
    part = load(path)
    assert part.images.shape == (12, *shape)
    assert part.images.dtype == loaded
    assert part.labels.dtype == np.int64
    assert part.classes == 3
    np.testing.assert_array_equal(part.images, arrays["x_train"].astype(saved))
    np.testing.assert_array_equal(part.labels, arrays["y_train"])
    assert not part.images.flags.writeable
    assert not part.labels.flags.writeable


def test_big_endian_and_column_order_arrays_are_read(tmp_path):
    wanted = small_arrays()["x_train"].astype(np.float32)
    part = load(save(tmp_path, x_train=np.asfortranarray(wanted.astype(">f4"))))
    np.testing.assert_array_equal(part.images, wanted)
    assert part.images.flags.c_contiguous
    assert part.images.dtype.isnative


def with_value(value):
    images = small_arrays()["x_train"].astype(np.float64)
    images[1, 2, 3] = value
    return images


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_test": None}, "lacks x_test; .* found x_train, y_test, y_train"),
        ({"y_train": np.arange(11) % 3}, "11 labels for the 12 images"),
        ({"y_train": np.arange(12) + 10**6}, "12 different labels for 12 examples; .* are these ids"),
        ({"y_train": np.linspace(0, 1, 12)}, "y_train has the type float64 and holds 0.09.*expected classes as whole"),
        ({"y_train": np.full((12, 3), 1 / 3)}, r"not one-hot; .*\.argmax\(axis=1\)"),
        ({"y_train": np.tile([1, 1, 0], (12, 1))}, "its row 0 marks 2 classes"),
        ({"y_train": np.zeros((12, 2, 2))}, r"shape \(12, 2, 2\)"),
        ({"y_train": np.array([b"\xff", b"a"] * 6)}, r"no UTF-8 text"),
        ({"y_train": np.array([2**63, 1] * 6, dtype=np.uint64)}, r"below 2\^63"),
        ({"y_train": np.ones(12, dtype=np.int64)}, "every training label is 1; expected at least 2 classes"),
        ({"x_train": with_value(np.nan)}, "x_train holds 1 values that are NaN"),
        ({"x_train": with_value(-np.inf)}, "x_train holds 1 values that are NaN, infinite"),
        ({"x_train": with_value(1e300)}, "too large for float32"),
        ({"x_train": np.full((12, 4, 5), 4095, dtype=np.uint16)}, r"uint16 with values 4095 .*x_train / 4095"),
        ({"x_train": np.full((12, 4, 5), -1, dtype=np.int64)}, r"int64 with values -1 to -1; expected 0 to 255"),
        ({"x_train": np.zeros((12, 4, 5), dtype=bool)}, "type bool"),
        ({"x_train": np.zeros(12, dtype=np.uint8)}, r"shape \(12,\)"),
        ({"x_train": np.zeros((0, 4, 5), dtype=np.uint8)}, "at least one image"),
        ({"x_train": np.array([None] * 12, dtype=object)}, "x_train can't be read; .*Python objects are not loaded"),
    ],
)
def test_a_fault_in_the_arrays_is_told_with_the_file(tmp_path, changed, message):
    path = save(tmp_path, **changed)
    with pytest.raises(UserError, match=message) as raised:
        load(path)
    assert str(path) in str(raised.value)


def test_a_file_that_is_no_whole_archive_is_told(tmp_path):
    path = save(tmp_path)
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"hello", whole[:100] + b"\0" * 50 + whole[150:]):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"damaged or not an \.npz file") as raised:
            load(path)
        assert str(path) in str(raised.value)


def test_an_npy_file_called_npz_is_told(tmp_path):
    path = tmp_path / "own.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(UserError, match=r"not an \.npz file"):
        load(path)


def test_the_training_part_is_loaded_without_reading_the_test_images(tmp_path):
    path = save(tmp_path)
    located = locate(str(path), announce=print)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["x_test.npy"] = b"no array at all"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert load_training_part(located).images.shape == (12, 4, 5)
    with pytest.raises(UserError, match="x_test can't be read"):
        load_test_part(located, image_shape=(4, 5), classes=3)


def test_packing_anew_keeps_the_hash_and_another_pixel_changes_it(tmp_path):
    arrays = small_arrays()
    paths = [tmp_path / f"{name}.npz" for name in ("packed", "plain", "changed")]
    np.savez_compressed(paths[0], **arrays)
    np.savez(paths[1], **arrays)
    arrays["x_test"][0, 0, 0] ^= 1
    np.savez(paths[2], **arrays)
    packed, plain, changed = (locate(str(path), announce=print).sha256 for path in paths)
    assert packed == plain != changed
