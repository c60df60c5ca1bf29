"""Where the function is that `[trainer] call` names: found by reading, so that nothing of it is run for that."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from hpo.definition.trainers.reading_code import bound_names, uses
from hpo.definition.trainers.sources import Sources, sources
from hpo.storage.errors import UserError


@dataclass(frozen=True)
class Place:
    """Where a function is: its name in the file `path`, which is also the module `module` where that was named.

    folder: what can be imported beside it.
    """

    call: str
    name: str
    path: Path
    folder: Path
    module: str | None = None

    @property
    def shown(self) -> str:
        """What the file, or the module, is called in sentences."""
        return self.path.name if self.module is None else self.module

    def sources(self) -> Sources:
        """Return the SHA-256 of what it is written in, and of what of the user's that imports."""
        return sources(self.path, self.folder)


def settled(table: Mapping[str, Any], beside: Path) -> dict[str, Any]:
    """Return a table [trainer] with `call`, and with what its source says, which lies where `beside` is.

    That is `source`, and what the function makes use of, unless the table says it. Raises UserError where there is no
    such function.
    """
    where = find(str(table["call"]), beside)
    text = where.path.read_bytes()
    names = bound_names(text)
    if names is not None and where.name.split(".")[0] not in names:
        raise UserError(no_function(where, names))
    found = uses(text, where.name)
    said = {} if found is None else {"samples": found.samples, "rungs": found.rungs, "test": found.test}
    return {**said, **table, "source": dict(where.sources())}


def no_function(where: Place, names: list[str]) -> str:
    """Return the sentence that says which functions there are instead."""
    public = [name for name in names if not name.startswith("_")]
    close = get_close_matches(where.name, public, 1)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(public) or 'none'}"
    return f"trainer.call: {where.shown} has no function {where.name}; {hint}"


def find(call: str, beside: Path) -> Place:
    """Return where `call` is, with a path relative to the folder `beside`. Raises UserError."""
    before, _, name = call.rpartition(":")
    if not before or not name.replace(".", "").isidentifier():
        raise UserError(
            f'trainer.call = "{call}"; write the file and the function in it, such as "train.py:train", or a module '
            'and its function, "package.module:train"'
        )
    if not (before.endswith(".py") or "/" in before or "\\" in before):
        return _find_module(call, before, name, beside.absolute())
    path = (beside / Path(before).expanduser()).absolute()
    if not path.is_file():
        raise UserError(f"trainer.call: there is no file {path}{_similar(path)}")
    return Place(call, name, path, path.parent)


def _find_module(call: str, module: str, name: str, beside: Path) -> Place:
    """Return the file of a module beside the study file, or of one that is installed; its parents are not run."""
    parts = module.split(".")
    within: list[str] = [str(beside), *sys.path]
    found = None
    for i in range(1, len(parts) + 1):
        found = PathFinder.find_spec(".".join(parts[:i]), within)
        within = [] if found is None else [*(found.submodule_search_locations or ())]
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        raise UserError(
            f"trainer.call: there is no module {module}, neither in {beside} nor installed; for a file write "
            f'"{module.replace(".", "/")}.py:{name}"'
        )
    path = Path(found.origin)
    levels = len(parts) + (path.name == "__init__.py")
    return Place(call, name, path, path.parents[levels - 1], module)


def _similar(path: Path) -> str:
    """Return which file may have been meant."""
    names = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
    close = get_close_matches(path.name, names, 1)
    return f"; did you mean {close[0]}?" if close else ""
