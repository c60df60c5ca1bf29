"""Pictures in class folders: CLASS/*.png, or train/CLASS/*.png with test/CLASS/*.png beside it.

What is transparent is put on white, so alpha is no channel. If any training picture is in colour all are read so, else
all as grey. Headers are read first: pictures of different sizes, or too many, are told before one is unpacked.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError, to_install
from hpo.storage.limits import check_size
from hpo.storage.located import joined_digest

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp")
SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
_GREY_MODES = ("1", "L", "LA", "I;16", "I;16B", "I;16L", "I;16N", "I")

T = TypeVar("T")


def split_folders(folder: Path) -> dict[str, Path]:
    """Return the folders of the splits train, val and test in `folder`; empty where it has none for train."""
    subfolders = {each.name.lower(): each for each in _folders(folder)}
    found = {
        split: subfolders[name] for split, names in SPLITS.items() for name in names if name in subfolders
    }  # where two have a name of the same split, the last
    return found if "train" in found else {}


def class_files(folder: Path) -> list[tuple[str, Path]]:
    """Return the pictures in the class folders of `folder`, each with its class: classes in order, files by name."""
    return [(each.name, path) for each in sorted(_folders(folder)) for path in _pictures(each)]


def holds_pictures(folder: Path) -> bool:
    """Say whether `folder` has class folders with pictures, itself or in its folder for training."""
    return bool(class_files(split_folders(folder).get("train", folder)))


def digests(folders: Iterable[Path]) -> tuple[str, str]:
    """Return the SHA-256 of the pictures and of their classes: of files' bytes and names, wherever the folder lies."""
    files = [(label, path, folder) for folder in folders for label, path in class_files(folder)]
    images = joined_digest(
        f"{path.relative_to(folder).as_posix()} {hashlib.sha256(_read(path, path.read_bytes)).hexdigest()}"
        for _, path, folder in files
    )
    return images, joined_digest(label for label, _, _ in files)


def look(folders: Iterable[Path]) -> tuple[tuple[int, int], bool, int]:
    """Return height and width of the pictures, whether any is in colour, and how many there are, from their headers.

    Raises UserError where there is none, one can't be read, two differ in size, or all are too many for memory.
    """
    images = pillow()
    first: tuple[Path, tuple[int, int]] | None = None
    count, colour, folders = 0, False, list(folders)
    for path in (path for folder in folders for _, path in class_files(folder)):
        size, coloured = _read(path, lambda path=path: _header(images, path))  # type: ignore[misc]
        colour |= coloured
        first = first or (path, size)
        if size != first[1]:
            raise UserError(
                f"{path} has {size[1]} x {size[0]} pixels, but {first[0]} has {first[1][1]} x {first[1][0]}; expected "
                "pictures of one size; resize or crop them first"
            )
        count += 1
    if first is None:
        raise UserError(f"{' and '.join(map(str, folders))}: no pictures in class folders ({', '.join(ENDINGS)})")
    check_size(count * first[1][0] * first[1][1] * (3 if colour else 1), f"{folders[0]}: all pictures together")
    return first[1], colour, count


def read_pictures(folders: Iterable[Path], *, colour: bool) -> npt.NDArray[np.uint8]:
    """Return the pictures (N, H, W), or (N, 3, H, W) if `colour`, uint8; raises UserError if one can't be read."""
    images, folders = pillow(), list(folders)
    (height, width), _, count = look(folders)
    made = np.empty((count, height, width, 3) if colour else (count, height, width), dtype=np.uint8)
    paths = [path for folder in folders for _, path in class_files(folder)]
    for index, path in enumerate(paths):
        made[index] = _read(path, lambda path=path: _pixels(images, path, colour))  # type: ignore[misc]
    return np.ascontiguousarray(made.transpose(0, 3, 1, 2)) if colour else made


def read_classes(folders: Iterable[Path]) -> npt.NDArray[np.str_]:
    """Return the class (N,) of each picture, as text."""
    return np.array([label for folder in folders for label, _ in class_files(folder)], dtype=str)


def pillow() -> Any:
    """Return Pillow's module Image; raises UserError, naming the extra to install, if it is not there."""
    try:
        from PIL import Image  # noqa: PLC0415 - only class folders need it
    except ImportError as error:
        raise UserError(f"class folders of pictures need Pillow; {to_install('images')}") from error
    return Image


def _header(images: Any, path: Path) -> tuple[tuple[int, int], bool]:
    """Return height and width, as the picture is meant to be seen, and whether it is in colour."""
    with images.open(path) as image:
        turned = image.getexif().get(274, 1) >= 5  # EXIF orientation: on its side
        return (image.width, image.height) if turned else (image.height, image.width), image.mode not in _GREY_MODES


def _pixels(images: Any, path: Path, colour: bool) -> npt.NDArray[np.uint8]:
    from PIL import ImageOps  # noqa: PLC0415 - see pillow

    with images.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I"):  # 16 bits: the upper 8
            wide = np.asarray(image).astype(np.int64)
            image = images.fromarray((wide >> 8).clip(0, 255).astype(np.uint8))
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            image = images.alpha_composite(images.new("RGBA", image.size, "white"), image)
        return np.asarray(image.convert("RGB" if colour else "L"), dtype=np.uint8)


def _read(path: Path, action: Callable[[], T]) -> T:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures and of odd metadata
            return action()
    except Exception as error:  # whatever a damaged or hostile file makes Pillow raise
        raise UserError(
            f"{path}: can't be read as a picture ({str(error)[:200] or type(error).__name__}); save it again, or "
            "remove it"
        ) from error


def _folders(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.is_dir() and not each.name.startswith((".", "__"))]


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        each for each in folder.rglob("*") if each.suffix.lower() in ENDINGS and not each.name.startswith(".")
    )
