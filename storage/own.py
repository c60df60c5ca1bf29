"""Find a user's own data: an `.npz` file, a folder of four IDX files, or class folders of pictures.

What was taken for what is said in a sentence, so that a wrong guess is seen at once. A study is on the same data
wherever they lie: they are known by their SHA-256.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from hpo.storage import class_folders, npz
from hpo.storage.errors import UserError
from hpo.storage.idx import unpack
from hpo.storage.keys import KEYS, roles
from hpo.storage.labels import class_list, named
from hpo.storage.located import Located, PartFile, joined_digest
from hpo.storage.parts import TEST_SHARE, raw_labels
from hpo.storage.pixels import layout
from hpo.storage.sources import FILE_NAMES, PARTS, idx_files

EXPECTED = "an .npz file, a folder of four IDX files, or a folder of class folders with pictures (train/CLASS/*.png)"


def locate_own(dataset: str, data_dir: Path | None, known: Iterable[str], sha256: str | None) -> Located:
    """Return the data at the path `dataset`, or under its name in `data_dir`.

    Where data with the hash `sha256` are sought, `data_dir` may be the dataset itself, and goes first. Raises UserError
    if nothing is there that can be read, or the labels are no classes; `known` are names for the message.
    """
    try:
        path = Path(dataset).expanduser()
        places = [path] if data_dir is None else [path, data_dir / path.name, data_dir]
        paths = [each for each in dict.fromkeys(places[: None if sha256 else 2]) if each.exists()]
    except (OSError, RuntimeError, ValueError) as error:  # too long, ~nosuchuser, a zero byte
        raise UserError(f"data.dataset = {dataset[:200]!r} is no path that can be looked at: {error}"[:400]) from error
    if not paths:
        raise UserError(
            f"no dataset {dataset!r}; known datasets: {', '.join(sorted(known))}; or the path of {EXPECTED}"
        )
    for each in paths[1:] if sha256 else ():
        with contextlib.suppress(UserError):
            if (located := _located(dataset, each)).sha256 == sha256:
                return located
    return _located(dataset, paths[0])


def _located(dataset: str, path: Path) -> Located:
    try:
        if path.is_dir():
            return _folder(dataset, path)
        if path.suffix.lower() != ".npz":
            raise UserError(f"{path}: not an .npz file; expected {EXPECTED}")
        return _npz(dataset, path)
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror or error}); check path and permissions") from error


def _npz(dataset: str, path: Path) -> Located:
    found = roles(npz.names(path), path)
    digests = {
        key: npz.member_digest(path, key) for key in sorted({key for each in found.members.values() for key in each})
    }
    parts = tuple(
        PartFile(part, path, _digest([digests[key] for key in found.members[part]]), found.members[part])
        for part in KEYS
    )
    located = Located(dataset, "npz", "your file", parts, all_in_one=found.all_in_one)
    shapes = {key: npz.shape(path, key) for key in found.members["x_train"]}
    images = " and ".join(f"{key} {shape}" for key, shape in shapes.items())
    return _with_classes(located, lambda: f"{images} as {layout(next(iter(shapes.values())))}")


def _folder(dataset: str, path: Path) -> Located:
    files = idx_files(path)
    if len(files) == len(PARTS):
        parts = tuple(PartFile(part, files[part], hashlib.sha256(unpack(files[part])).hexdigest()) for part in PARTS)
        located = Located(dataset, "idx", "your folder", parts)
        return _with_classes(located, lambda: f"{len(raw_labels(located, 'y_train')):,} training images")
    if not files and class_folders.holds_pictures(path):
        return _pictures(dataset, path)
    raise UserError(
        f"{path}: lacks {missing(files)} (each plain or .gz); expected a folder of four IDX files, or one of class "
        "folders with pictures: train/CLASS/*.png and test/CLASS/*.png, or CLASS/*.png "
        f"({', '.join(class_folders.ENDINGS)})"
    )


def _pictures(dataset: str, path: Path) -> Located:
    splits = class_folders.split_folders(path)
    train = tuple(splits[split].name for split in ("train", "val") if split in splits) or (".",)
    test = (splits["test"].name,) if "test" in splits else train
    (height, width), colour, count = class_folders.look([path / each for each in train])
    if (size := class_folders.look([path / each for each in test])[0]) != (height, width):
        raise UserError(
            f"{path / test[0]}: test pictures have {size[1]} x {size[0]} pixels, training pictures {width} x {height}; "
            "expected the same; resize or crop them first"
        )
    hashed = {names: class_folders.digests(path / each for each in names) for names in {train, test}}
    parts = tuple(
        PartFile(part, path, hashed[names][part.startswith("y")], names)
        for part, names in zip(PARTS, (train, train, test, test), strict=True)
    )
    located = Located(dataset, "pictures", "your folder", parts, colour=colour, all_in_one="test" not in splits)
    kind = "colour" if colour else "grey"
    where = "" if train == (".",) else f" in {' and '.join(train)}"
    return _with_classes(located, lambda: f"{count:,} {kind} pictures of {width} x {height} pixels{where}")


def _with_classes(located: Located, images: Callable[[], str]) -> Located:
    """Return `located` with the classes of its training labels, and the sentence about all that was recognised."""
    file = located.part("y_train")
    values = raw_labels(located, "y_train")
    classes = class_list(values, f"{file.path}: {' and '.join(file.members) or 'y_train'}")
    plain = isinstance(classes[0], str) or classes == tuple(range(len(classes)))
    numbering = "" if plain else f" numbered 0..{len(classes) - 1}"
    said = f"{located.provenance}: {images()}; labels {named(classes)}{numbering} as {len(classes)} classes"
    if len(file.members) > 1:
        said += f"; {' and '.join(file.members)} are joined, as validation images are drawn from all of them"
    if located.all_in_one:
        said += f"; no test images are named, so {max(1, len(values) // TEST_SHARE):,} are set aside as the test set"
    return replace(located, classes=classes, taken_for=said)


def _digest(digests: list[str]) -> str:
    return digests[0] if len(digests) == 1 else joined_digest(digests)


def missing(files: Iterable[str]) -> str:
    """Return the names of the IDX files that are not among `files`."""
    return ", ".join(FILE_NAMES[part] for part in PARTS if part not in files)
