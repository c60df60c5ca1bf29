"""A program in any language as a trainer: what the table [trainer] says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hpo.definition.abilities import Abilities
from hpo.definition.placeholders import named, trains_in_parts


@dataclass(frozen=True)
class ProgramTrainer:
    """A program that is started to train a config; see hpo.definition.placeholders for what it is told.

    command: the program and its arguments. minutes: how long a whole training may take, None: as long as it likes.
    memory_gb: how much memory it may take. checkpoints: the folder for what paused trainings save, "" for the user's
    cache. source: what the program is, as a SHA-256 (`program_source`). folder: where it runs, the study file's; it
    differs from machine to machine, and says nothing of what is trained. with_data: whether the study has [data], whose
    examples the program is told.
    """

    command: tuple[str, ...]
    minutes: float | None = None
    memory_gb: float | None = None
    checkpoints: str = ""
    source: str = ""
    folder: str = field(default="", compare=False)
    with_data: bool = False

    @property
    def abilities(self) -> Abilities:
        """What it can do, as far as its command says: it cannot obey what it is not told."""
        names = named(self.command)
        everything = "config" in names
        return Abilities(
            seed=everything or "seed" in names,
            samples=self.with_data and (everything or {"train", "validation"} <= names),
            rungs=trains_in_parts(self.command),
            test="test" in names or (everything and self.with_data),
        )

    @property
    def name(self) -> str:
        """What messages call it: the file that it consists of, where there is one, else the program."""
        folder = Path(self.folder)
        files = [each for each in self.command[1:] if (found := file_within(each, folder)) and found.suffix]
        return Path(files[0] if files else self.command[0]).name


def program_source(command: Sequence[str], folder: Path) -> str:
    """Return a SHA-256 that changes with the command, and with those of its words that are files inside `folder`."""
    digest = hashlib.sha256()
    for each in command:
        file = file_within(each, folder)
        for part in (each.encode(), b"" if file is None else file.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def file_within(word: str, folder: Path) -> Path | None:
    """Return the file inside `folder` that `word` names; None where it names none."""
    try:
        path = (folder / word).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long for a name, a zero byte
        return None
