"""What is wrong with the test part is said before the search, and nothing else of it comes out."""

import numpy as np
import pytest

from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.sources import FILE_NAMES
from hpo.storage.test_check import check_test_part
from tests.support.dataset_files import small_arrays, write_idx_folder

ARRAYS = small_arrays(n_train=40, n_test=10)


def check(path, **changed):
    np.savez(path, **ARRAYS | changed)
    located = locate(str(path), announce=print)
    return check_test_part(located, load_training_part(located))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_test": np.zeros((10, 5, 4), dtype=np.uint8)}, r"shape \(5, 4\), training images \(4, 5\)"),
        ({"x_test": np.zeros((10, 20), dtype=np.uint8)}, r"shape \(20,\), training images \(4, 5\)"),
        ({"x_test": np.zeros((10, 4, 5))}, "type float32, training images uint8; expected the same"),
        ({"x_test": np.full((10, 4, 5), np.nan)}, "x_test holds 200 values that are NaN"),
        ({"x_test": np.full((10, 4, 5), 256)}, "x_test has the type int64 with values 256 to 256"),
        ({"x_test": np.zeros((0, 4, 5), dtype=np.uint8)}, "at least one image"),
        ({"y_test": np.zeros(9, dtype=int)}, "9 labels for the 10 images of x_test"),
        ({"y_test": np.arange(10)}, "y_test holds the label 3, but training has the 3 classes 0..2"),
        ({"y_test": np.full((10, 3), 0.3)}, "is not one-hot"),
    ],
)
def test_a_mistake_in_the_test_part_is_told(tmp_path, changed, message):
    with pytest.raises(UserError, match=message):
        check(tmp_path / "own.npz", **changed)


def test_nothing_is_said_of_a_test_part_that_fits(tmp_path):
    assert check(tmp_path / "own.npz") == ()


def test_copies_of_training_images_are_counted(tmp_path):
    mixed = np.concatenate([ARRAYS["x_train"][:4], ARRAYS["x_test"][4:]])
    (said,) = check(tmp_path / "own.npz", x_test=mixed)
    assert said.startswith("4 of the 10 test images are copies of training images")


def test_a_damaged_test_file_is_told(tmp_path):
    folder = write_idx_folder(tmp_path / "own", ARRAYS)
    located = locate(str(folder), announce=print)
    path = folder / f"{FILE_NAMES['x_test']}.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match="truncated"):
        check_test_part(located, load_training_part(located))
