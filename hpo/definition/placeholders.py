"""What stands in braces in a program's command, such as {seed} and {config.learning_rate}, and what is put there."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hpo.storage.errors import UserError

PLACEHOLDERS: Mapping[str, str] = {
    "config": "path of a JSON file with the config and all that is known of the run",
    "percent": "train until so many percent of the whole training, 1 to 100",
    "from": "the percent at which the checkpoint folder stands, 0 at the beginning",
    "checkpoint": "a folder to save the training in; it holds what was saved at {from}",
    "seed": "decides all that is random: a whole number from 0 to 2**31 - 1",
    "samples": "how many examples train, 0 where the program takes what it has",
    "epochs": "the budget of the whole training, in passes over the data",
    "data": "path of the data of [data]",
    "train": "path of a text file with the indices of the examples that train, one a line, from 0",
    "validation": "path of a text file with the indices of the examples that score",
    "test": "1 where the program is to evaluate on its test set, else 0",
}
"""What a command may name, beside {config.NAME}, the value of one hyperparameter."""

_OF_CONFIG = "config."
_PATTERN = re.compile(r"\{\{([A-Za-z_][\w.]*)\}\}|\{([A-Za-z_][\w.]*)\}")
"""A name in braces; in two pairs of braces it stands for itself in one. Other braces are left as they are."""


def named(command: Sequence[str]) -> frozenset[str]:
    """Return the placeholders that `command` names, without their braces."""
    return frozenset(found[2] for each in command for found in _PATTERN.finditer(each) if found[2])


def hyperparameters_named(command: Sequence[str]) -> frozenset[str]:
    """Return the names of the hyperparameters whose values `command` takes one by one."""
    return frozenset(each.removeprefix(_OF_CONFIG) for each in named(command) if each.startswith(_OF_CONFIG))


def check_placeholders(command: Sequence[str], *, with_data: bool) -> None:
    """Raise UserError for one that does not exist, that has nothing to stand for, or that cannot do without another."""
    names = named(command)
    for name in sorted(names):
        if name not in PLACEHOLDERS and not name.startswith(_OF_CONFIG):
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise UserError(
                f"trainer.command: {{{name}}} is no placeholder; known ones are {known} and {{config.NAME}} for the "
                f"value of one hyperparameter; write {{{{{name}}}}} for the text {{{name}}} itself"
            )
    if not with_data and (needed := sorted(names & {"data", "train", "validation"})):
        raise UserError(
            f"trainer.command: {{{needed[0]}}} has nothing to stand for, as the study has no [data]; add it, or take "
            f"{{{needed[0]}}} out"
        )
    if "checkpoint" in names and not names & {"percent", "config"}:
        raise UserError(
            "trainer.command: with {checkpoint} the program is started once for each rung, so it has to know how far "
            "it should train: add {percent}, or {config}"
        )


def trains_in_parts(command: Sequence[str]) -> bool:
    """Whether the program can be told to train until a rung and end there."""
    return bool(named(command) & {"percent", "checkpoint"})


def filled(command: Sequence[str], values: Mapping[str, str], config: Mapping[str, Any]) -> list[str]:
    """Return the command with everything in place; a hyperparameter that `config` lacks is null."""

    def put(found: re.Match[str]) -> str:
        if found[1]:
            return f"{{{found[1]}}}"
        name = found[2]
        return argument(config.get(name.removeprefix(_OF_CONFIG))) if name.startswith(_OF_CONFIG) else values[name]

    return [_PATTERN.sub(put, each) for each in command]


def argument(value: object) -> str:
    """Return a value as a program's argument: text as it is, everything else as in JSON, with all of its digits."""
    return value if isinstance(value, str) else json.dumps(value)


def unknown_hyperparameters(command: Sequence[str], space: Collection[str]) -> list[str]:
    """Return the names that `command` takes the values of, and `space` does not have."""
    return sorted(hyperparameters_named(command) - set(space))
