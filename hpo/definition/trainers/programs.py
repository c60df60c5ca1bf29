"""A program in any language as a trainer: the table [trainer] with `command`, and the files that it consists of."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from hpo.definition.abilities import Abilities
from hpo.definition.placeholders import (
    check_placeholders,
    hyperparameters_named,
    named,
    trains_in_parts,
    unknown_hyperparameters,
)
from hpo.definition.tables import check_keys, read_table
from hpo.definition.trainers.base import OwnMeaning
from hpo.definition.trainers.sources import Sources, changed, read_sources
from hpo.models.bounds import Number, Text, declared, shown
from hpo.searching.space import SearchSpace
from hpo.storage.errors import UserError

_WORD = Text(10_000)


@dataclass(frozen=True, slots=True)
class ProgramCall:
    """How a program is started, see hpo.definition.placeholders, and what it may take.

    seed, samples, test: what it takes into account, where its command does not say that. files: further files that it
    consists of. checkpoints: the folder in which paused trainings are kept, None for one in the user's cache.
    """

    command: tuple[str, ...]
    minutes: Annotated[float | None, Number(above=0, sane=1e6), "how long a whole training may take"] = None
    memory_gb: Annotated[float | None, Number(above=0, sane=1e6), "how much memory it may take"] = None
    checkpoints: Annotated[str | None, Text(1_000), "a folder where paused trainings are kept"] = None
    seed: Annotated[bool | None, "the same {seed} gives the same score"] = None
    samples: Annotated[bool | None, "it trains on the examples that it is told"] = None
    test: Annotated[bool | None, "it can be scored on a test set"] = None
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise ValueError("command is empty; name a program, and its arguments")
        for word in (*self.command, *self.files):
            if "\0" in word or _WORD.broken(word) is not None:
                raise ValueError(f"command: {shown(word)} is no word that a program can be given")
        for name, field in declared(type(self)).items():
            value = getattr(self, name)
            if field.rule is not None and value is not None and (wanted := field.rule.broken(value)) is not None:
                raise ValueError(f"{name} = {shown(value)}; it must be {wanted}")


@dataclass(frozen=True)
class ProgramTrainer(OwnMeaning):
    """The program that a study trains with. `source`: the SHA-256 of each file that it consists of."""

    program: ProgramCall
    source: tuple[tuple[str, str], ...] = ()

    @property
    def abilities(self) -> Abilities:
        """What its command says that it is told; what it then does with that is its own."""
        call, names = self.program, named(self.program.command)
        reads_config = "config" in names
        told = Abilities(
            seed=reads_config or "seed" in names,
            samples=reads_config or {"train", "validation"} <= names,
            rungs=trains_in_parts(call.command),
            test="test" in names,
        )
        return Abilities(
            told.seed if call.seed is None else call.seed,
            told.samples if call.samples is None else call.samples,
            told.rungs,
            told.test if call.test is None else call.test,
        )

    @property
    def name(self) -> str:
        """What sentences call it: the first of its files, or the program where none is known."""
        words = [word for word in self.program.command if word in self.sources]
        return Path(words[-1] if words else self.program.command[0]).name

    @property
    def sources(self) -> Sources:
        """The SHA-256 of each file."""
        return dict(self.source)

    def tables(self) -> dict[str, Any]:
        """Return the table [trainer]."""
        call = self.program
        said = {
            name: value
            for name in ("minutes", "memory_gb", "checkpoints", "seed", "samples", "test")
            if (value := getattr(call, name)) is not None
        }
        files = {"files": list(call.files)} if call.files else {}
        return {"trainer": {"command": list(call.command), **said, **files, "source": self.sources}}

    def check_space(self, space: SearchSpace) -> None:
        """Raise UserError where the command takes the value of a hyperparameter that `space` does not have."""
        if unknown := unknown_hyperparameters(self.program.command, [*space.hyperparameters, *space.fixed]):
            raise UserError(
                f"trainer.command: {{config.{unknown[0]}}} is no hyperparameter; [space] has "
                f"{', '.join(space.hyperparameters)}"
            )
        taken = hyperparameters_named(self.program.command)
        unused = [name for name in space.hyperparameters if name not in taken]
        if unused and "config" not in named(self.program.command):
            raise UserError(
                f"trainer.command: the program is not told {', '.join(unused)}; add {{config.{unused[0]}}}, or "
                "{config} for a file with all of them"
            )

    def refusal(self, given: object) -> str | None:
        """Return why a worker that was `given` something else may not train this; None where it is the same program."""
        if not isinstance(given, ProgramTrainer):
            return f"it trains with the program {self.program.command[0]}, which this worker was not given"
        if given.program.command != self.program.command:
            ours, theirs = (json.dumps(list(each.program.command)) for each in (self, given))
            return f"it trains with {ours}, and this worker was given {theirs}"
        differs = changed(self.sources, given.sources)
        return f"its program is not as it was: {differs}" if differs else None


def read_program(table: Mapping[str, Any]) -> ProgramTrainer:
    """Return what [trainer] declares. Raises UserError for what is wrong in it."""
    given = dict(table)
    source = read_sources(given.pop("source", {}), "the files")
    check_keys(given, list(ProgramCall.__dataclass_fields__), "trainer")
    command = given.get("command")
    if isinstance(command, str):
        raise UserError(
            f"trainer.command = {shown(command)}; expected a list of the program and its arguments: "
            f"{json.dumps(_words(command))}"
        )
    trainer = ProgramTrainer(read_table(ProgramCall, given, "trainer"), source)
    check_placeholders(trainer.program.command, with_data=True)
    return trainer


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation that does not end
        return command.split()


def settled_program(table: Mapping[str, Any], beside: Path, *, with_data: bool) -> dict[str, Any]:
    """Return a table [trainer] with `command`, and with the SHA-256 of its files, which lie in the folder `beside`.

    Raises UserError for a file that is not there, and for what needs [data] where there are none.
    """
    call = read_program({key: value for key, value in table.items() if key != "source"}).program
    check_placeholders(call.command, with_data=with_data)
    for name in call.files:
        if file_within(name, beside) is None:
            raise UserError(f"trainer.files: there is no file {name} in {beside}")
    return {**table, "source": dict(program_sources((*call.command, *call.files), beside))}


def program_sources(words: Sequence[str], folder: Path) -> Sources:
    """Return the SHA-256 of those of the words of a command that are files inside `folder`, by these words."""
    found = {}
    for word in words:
        file = file_within(word, folder)
        if file is not None:
            try:
                with file.open("rb") as opened:
                    found[word] = hashlib.file_digest(opened, "sha256").hexdigest()
            except OSError as error:
                raise UserError(f"trainer.command: {file} cannot be read: {error.strerror or error}") from error
    return dict(sorted(found.items()))


def file_within(word: str, folder: Path) -> Path | None:
    """Return the file inside `folder` that `word` names; None where it names none."""
    try:
        path = (folder / word).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long for a name, a zero byte
        return None
