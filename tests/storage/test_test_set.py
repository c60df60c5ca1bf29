import ast
from pathlib import Path

import numpy as np
import pytest

from hpo.storage.datasets import TrainingPart, load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.test_set import TestPart, load_test_part
from tests.support.dataset_files import small_arrays, write_idx_folder

TRAIN = ("train", "y_train")


def test_the_test_part_is_what_was_written_and_another_type(tmp_path):
    arrays = small_arrays()
    located = locate(str(write_idx_folder(tmp_path, arrays)), announce=print)
    part = load_test_part(located, image_shape=(4, 5), classes=3)
    np.testing.assert_array_equal(part.images, arrays["x_test"])
    np.testing.assert_array_equal(part.labels, arrays["y_test"])
    assert not part.images.flags.writeable
    assert not part.labels.flags.writeable
    assert not issubclass(TestPart, TrainingPart)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_test": np.zeros((6, 5, 4), dtype=np.uint8)}, r"shape \(5, 4\), training images \(4, 5\)"),
        ({"y_test": np.full(6, 3, dtype=np.uint8)}, r"holds the label 3, but training has the 3 classes 0\.\.2"),
        ({"y_test": np.zeros(5, dtype=np.uint8)}, "5 labels for the 6 images of x_test"),
    ],
)
def test_test_images_that_do_not_fit_the_training_images_are_told(tmp_path, changed, message):
    located = locate(str(write_idx_folder(tmp_path, small_arrays() | changed)), announce=print)
    training = load_training_part(located)
    with pytest.raises(UserError, match=message):
        load_test_part(located, image_shape=training.images.shape[1:], classes=training.classes)


def test_no_other_module_reads_the_test_part():
    root = Path(__file__).parents[2]
    readers = set()
    for path in (
        path for package in ("hpo", "models", "reports", "storage") for path in (root / package).rglob("*.py")
    ):
        for call in (
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
        ):
            reads = isinstance(call.func, ast.Name) and call.func.id in (
                "read_part",
                "_images",
                "_labels",
                "raw_labels",
            )
            within = path.name == "parts.py"
            if reads and not within and not any(isinstance(a, ast.Constant) and a.value in TRAIN for a in call.args):
                readers.add(path.relative_to(root).as_posix())
    assert readers == {"storage/test_set.py", "storage/test_check.py"}
