"""What people's files look like, and what they are taken for."""

import numpy as np
import pytest

from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.test_set import load_test_part
from tests.support.dataset_files import small_arrays, write_idx_folder

ARRAYS = small_arrays(n_train=40, n_test=10)


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


def load(path):
    located = locate(str(path), announce=print)
    training = load_training_part(located)
    test = load_test_part(located, image_shape=training.images.shape[1:], classes=training.classes)
    return located, training, test


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("train_x", "train_y", "test_x", "test_y"),
        ("xtrain", "ytrain", "xtest", "ytest"),
        ("train_data", "train_targets", "test_data", "test_targets"),
        ("train-set-images", "train-set-labels", "test-set-images", "test-set-labels"),
    ],
    ids=lambda names: names[0],
)
def test_the_names_of_other_tools_are_recognised(tmp_path, names):
    path = save(tmp_path / "own.npz", **dict(zip(names, ARRAYS.values(), strict=True)), readme=np.zeros(3))
    located, training, test = load(path)
    np.testing.assert_array_equal(training.images, ARRAYS["x_train"])
    np.testing.assert_array_equal(training.labels, ARRAYS["y_train"])
    np.testing.assert_array_equal(test.images, ARRAYS["x_test"])
    np.testing.assert_array_equal(test.labels, ARRAYS["y_test"])
    assert f"{names[0]} (40, 4, 5) as grey images; labels 0..2 as 3 classes" in located.taken_for


def test_validation_images_of_medmnist_join_those_to_train_on(tmp_path):
    path = save(
        tmp_path / "own.npz",
        train_images=ARRAYS["x_train"][:30],
        train_labels=ARRAYS["y_train"][:30, None],
        val_images=ARRAYS["x_train"][30:],
        val_labels=ARRAYS["y_train"][30:, None],
        test_images=ARRAYS["x_test"],
        test_labels=ARRAYS["y_test"][:, None],
    )
    located, training, _ = load(path)
    np.testing.assert_array_equal(training.images, ARRAYS["x_train"])
    np.testing.assert_array_equal(training.labels, ARRAYS["y_train"])
    assert "train_labels and val_labels are joined" in located.taken_for


@pytest.mark.parametrize("names", [("data", "target"), ("images", "labels"), ("x", "y"), ("x_train", "y_train")])
def test_without_test_images_a_fifth_is_set_aside_always_the_same(tmp_path, names):
    path = save(tmp_path / "own.npz", **{names[0]: ARRAYS["x_train"], names[1]: ARRAYS["y_train"]})
    located, training, test = load(path)
    assert (len(training.labels), len(test.labels)) == (32, 8)
    together = np.concatenate([training.images, test.images]).reshape(40, -1)
    assert {row.tobytes() for row in together} == {row.tobytes() for row in ARRAYS["x_train"]}
    assert "no test images are named, so 8 are set aside" in located.taken_for
    np.testing.assert_array_equal(load(path)[2].images, test.images)


def test_images_of_scikit_learns_digits_go_before_their_flat_copy(tmp_path):
    flat = ARRAYS["x_train"].reshape(40, -1).astype(float)
    path = save(tmp_path / "own.npz", data=flat, target=ARRAYS["y_train"], images=ARRAYS["x_train"].astype(float))
    assert load(path)[1].images.shape == (32, 4, 5)


@pytest.mark.parametrize(
    ("shape", "read", "said"),
    [
        ((8, 6), (8, 6), "grey images"),
        ((8, 6, 1), (8, 6), "grey images, channels last"),
        ((1, 8, 6), (1, 8, 6), "grey images, channels first"),
        ((8, 6, 3), (3, 8, 6), "colour images, channels last"),
        ((3, 8, 6), (3, 8, 6), "colour images, channels first"),
        ((8, 6, 4), (4, 8, 6), "alpha as a fourth channel, channels last"),
        ((3, 8, 3), (3, 8, 3), "colour images, channels first"),
        ((16, 8, 6), (16, 8, 6), "images of 16 channels, channels first"),
        ((48,), (48,), "flat images of 48 values"),
    ],
)
def test_channels_are_found_first_or_last(tmp_path, shape, read, said):
    arrays = small_arrays(n_train=40, n_test=10, shape=shape)
    located, training, test = load(save(tmp_path / "own.npz", **arrays))
    assert training.images.shape[1:] == test.images.shape[1:] == read
    assert said in located.taken_for
    assert training.images.flags.c_contiguous
    if "channels last" in said:
        np.testing.assert_array_equal(training.images[5].reshape(-1, 8, 6)[0], arrays["x_train"][5, :, :, 0])
        np.testing.assert_array_equal(training.images[5].reshape(-1, 8, 6)[-1], arrays["x_train"][5, :, :, -1])


NAMES = np.array(["cat", "dog", "horse"])
MANY = np.array([7, -3, 9999])


@pytest.mark.parametrize(
    ("keep", "names", "said"),
    [
        (lambda y: y[:, None], "012", "0..2 as 3"),
        (lambda y: y[None, :], "012", "0..2 as 3"),
        (lambda y: np.eye(3)[y], "012", "0..2 as 3"),
        (lambda y: y.astype(float), "012", "0..2 as 3"),
        (lambda y: y + 1, "123", "1, 2, 3 numbered 0..2 as 3"),
        (lambda y: y.astype(np.int32) * 100, ("0", "100", "200"), "0, 100, 200 numbered 0..2 as 3"),
        (lambda y: np.sort(MANY)[y], ("-3", "7", "9999"), "-3, 7, 9999 numbered 0..2 as 3"),
        (lambda y: NAMES[y], NAMES, "'cat', 'dog', 'horse' as 3"),
        (lambda y: NAMES.astype("S")[y], NAMES, "'cat', 'dog', 'horse' as 3"),
        (lambda y: NAMES[y][:, None], NAMES, "'cat', 'dog', 'horse' as 3"),
    ],
    ids=["column", "row", "one-hot", "floats", "from 1", "gaps", "any integers", "text", "bytes", "a column of text"],
)
def test_labels_are_numbered_by_the_classes_of_training(tmp_path, keep, names, said):
    arrays = ARRAYS | {part: keep(ARRAYS[part]) for part in ("y_train", "y_test")}
    located, training, test = load(save(tmp_path / "own.npz", **arrays))
    np.testing.assert_array_equal(training.labels, ARRAYS["y_train"])
    np.testing.assert_array_equal(test.labels, ARRAYS["y_test"])
    assert (training.classes, training.names) == (3, tuple(names))
    assert f"labels {said} classes" in located.taken_for


def test_labels_of_idx_files_are_numbered_too(tmp_path):
    arrays = ARRAYS | {part: ARRAYS[part] * 20 + 5 for part in ("y_train", "y_test")}
    _, training, test = load(write_idx_folder(tmp_path / "own", arrays))
    assert training.names == ("5", "25", "45")
    np.testing.assert_array_equal(test.labels, ARRAYS["y_test"])


def test_a_test_label_that_training_lacks_is_told_even_where_it_lies_between(tmp_path):
    arrays = ARRAYS | {"y_train": ARRAYS["y_train"] * 2, "y_test": np.ones(10, dtype=int)}
    with pytest.raises(UserError, match="y_test holds the label 1, but training has the 3 classes 0, 2, 4"):
        load(save(tmp_path / "own.npz", **arrays))
    with pytest.raises(UserError, match="y_test holds labels such as 'a', those of training are such as 0"):
        load(save(tmp_path / "own.npz", **ARRAYS | {"y_test": np.array(["a"] * 10)}))


def test_the_same_data_elsewhere_are_the_same_and_found_in_the_data_folder(tmp_path):
    for name, arrays in (("a", ARRAYS), ("b", ARRAYS), ("c", small_arrays(n_train=41))):
        (tmp_path / name).mkdir()
        save(tmp_path / name / "own.npz", **arrays)
    here = locate(str(tmp_path / "a" / "own.npz"), announce=print)
    assert locate("lost/own.npz", data_dir=tmp_path / "b", announce=print).sha256 == here.sha256
    other = str(tmp_path / "c" / "own.npz")
    assert locate(other, data_dir=tmp_path / "b", announce=print).sha256 != here.sha256
    for data_dir in (tmp_path / "b", tmp_path / "b" / "own.npz"):
        assert locate(other, data_dir=data_dir, sha256=here.sha256, announce=print).sha256 == here.sha256


def test_the_name_may_be_in_capitals_and_a_tilde_is_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save(tmp_path / "own.npz", **ARRAYS).rename(tmp_path / "OWN.NPZ")
    assert load("~/OWN.NPZ")[1].classes == 3
    write_idx_folder(tmp_path / "data" / "mnist", ARRAYS)
    assert locate("mnist", data_dir=tmp_path.relative_to(tmp_path) / "~/data", announce=print).place == "data folder"
