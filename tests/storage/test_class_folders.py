import sys
from pathlib import Path

import numpy as np
import pytest

from hpo.storage import class_folders
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.test_set import load_test_part

Image = pytest.importorskip("PIL.Image")
CLASSES = ("cat", "dog")


def picture(seed: int, channels: int = 3, size: tuple[int, int] = (6, 4)) -> np.ndarray:
    shape = size if channels == 1 else (*size, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write(folder: Path, count: int = 12, *, first: int = 0, channels: int = 3, ending: str = "png") -> Path:
    for i in range(count):
        path = folder / CLASSES[i % 2] / f"{i:02}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(first + i, channels)).save(path)
    return folder


def load(folder: Path):
    located = locate(str(folder), announce=print)
    training = load_training_part(located)
    test = load_test_part(located, image_shape=training.images.shape[1:], classes=training.classes)
    return located, training, test


@pytest.mark.parametrize(("channels", "kind"), [(1, "grey"), (3, "colour")])
def test_pictures_in_class_folders_are_read_with_their_classes(tmp_path, channels, kind):
    write(tmp_path / "train", channels=channels)
    write(tmp_path / "Test", 4, first=100, channels=channels)
    (tmp_path / "train" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "train" / "cat" / "notes.txt").write_text("my cats")
    located, training, test = load(tmp_path)
    assert training.names == CLASSES
    assert training.labels.tolist() == [0] * 6 + [1] * 6
    wanted = picture(2, channels) if channels == 1 else picture(2, channels).transpose(2, 0, 1)
    np.testing.assert_array_equal(training.images[1], wanted)
    assert test.labels.tolist() == [0, 0, 1, 1]
    assert f"12 {kind} pictures of 4 x 6 pixels in train; labels 'cat', 'dog' as 2 classes" in located.taken_for


def test_validation_folders_join_training_and_without_a_test_folder_a_fifth_is_set_aside(tmp_path):
    write(tmp_path / "split" / "train")
    write(tmp_path / "split" / "val", first=50, count=8)
    located, training, test = load(tmp_path / "split")
    assert (len(training.labels), len(test.labels)) == (16, 4)
    assert "train and val are joined" in located.taken_for
    _, training, test = load(write(tmp_path / "plain", count=20))
    assert (len(training.labels), len(test.labels)) == (16, 4)


def test_the_same_pictures_in_another_folder_are_the_same_data_and_another_pixel_is_not(tmp_path):
    paths = [write(tmp_path / name) for name in ("a", "b", "c")]
    Image.fromarray(picture(99)).save(paths[2] / "cat" / "00.png")
    here, there, changed = (locate(str(path), announce=print).sha256 for path in paths)
    assert here == there != changed


def test_what_is_transparent_is_put_on_white_and_one_colour_picture_makes_all_colour(tmp_path):
    write(tmp_path, channels=1)
    pixels = np.zeros((6, 4, 4), dtype=np.uint8)
    pixels[0, 0] = (10, 20, 30, 255)
    Image.fromarray(pixels).save(tmp_path / "cat" / "00.png")
    images = class_folders.read_pictures([tmp_path], colour=True)
    assert images.shape == (12, 3, 6, 4)
    assert images[0, :, 0, 0].tolist() == [10, 20, 30]
    assert (images[0, :, 1:] == 255).all()
    assert class_folders.look([tmp_path])[1]


def test_sixteen_bits_become_eight(tmp_path):
    write(tmp_path, channels=1)
    Image.fromarray(picture(0, 1).astype(np.uint16) * 256).save(tmp_path / "cat" / "00.png")
    np.testing.assert_array_equal(class_folders.read_pictures([tmp_path], colour=False)[0], picture(0, 1))


def test_photographs_that_lie_on_their_side_are_turned(tmp_path):
    write(tmp_path)
    exif = Image.Exif()
    exif[274] = 6
    lying = Image.fromarray(picture(0, size=(4, 6)))
    lying.save(tmp_path / "cat" / "00.png", exif=exif)
    assert class_folders.look([tmp_path])[0] == (6, 4)
    assert class_folders.read_pictures([tmp_path], colour=True).shape == (12, 3, 6, 4)


def test_pictures_of_different_sizes_and_damaged_ones_are_told_by_name(tmp_path):
    write(tmp_path / "sizes")
    Image.fromarray(picture(0, size=(7, 4))).save(tmp_path / "sizes" / "dog" / "03.png")
    with pytest.raises(UserError, match=r"03\.png has 4 x 7 pixels, but .* has 4 x 6; .* one size; resize"):
        load(tmp_path / "sizes")
    write(tmp_path / "damaged")
    path = tmp_path / "damaged" / "dog" / "03.png"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UserError, match=r"03\.png: can't be read as a picture"):
        load(tmp_path / "damaged")
    path.write_text("<html>")
    with pytest.raises(UserError, match=r"03\.png: can't be read as a picture"):
        load(tmp_path / "damaged")
    write(tmp_path / "both" / "train")
    Image.fromarray(picture(0, size=(7, 4))).save(write(tmp_path / "both" / "test", 1) / "cat" / "00.png")
    with pytest.raises(UserError, match="test pictures have 4 x 7 pixels, training pictures 4 x 6"):
        load(tmp_path / "both")


def test_one_class_no_class_and_an_unknown_class_are_told(tmp_path):
    write(tmp_path / "one", count=1)
    with pytest.raises(UserError, match="every training label is cat; expected at least 2 classes"):
        load(tmp_path / "one")
    (tmp_path / "none" / "cat").mkdir(parents=True)
    with pytest.raises(UserError, match="expected a folder of four IDX files, or one of class folders"):
        load(tmp_path / "none")
    write(tmp_path / "new" / "train")
    write(tmp_path / "new" / "test", 2)
    (tmp_path / "new" / "test" / "dog").rename(tmp_path / "new" / "test" / "wolf")
    with pytest.raises(UserError, match="holds the label wolf, but training has the 2 classes 'cat', 'dog'"):
        load(tmp_path / "new")


def test_a_huge_picture_is_refused_by_its_header(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setattr("hpo.storage.limits.MOST_BYTES", 500)
    with pytest.raises(UserError, match="all pictures together takes 864 bytes unpacked"):
        load(tmp_path)


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp"])
def test_a_damaged_picture_is_told_or_read_but_never_a_traceback(tmp_path, ending):
    write(tmp_path, 4, ending=ending)
    path = tmp_path / "cat" / f"00.{ending}"
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(0, min(len(data), 200), 4):
            data[place] = rng.integers(0, 256)
        path.write_bytes(bytes(data))
        try:
            class_folders.read_pictures([tmp_path], colour=True)
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017 - some are refused, some are read


def test_where_pillow_is_not_installed_the_extra_is_named(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UserError, match=r"need Pillow; pip install 'hpo-service\[images\]'"):
        load(tmp_path)
