"""Find and import the function that `[trainer] call` names: "train.py:train", or "package.module:train"."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from hpo.storage.errors import UserError
from hpo.training.functions.faults import place, said
from hpo.training.functions.source import Sources, sources

_PRIVATE = "_hpo_trainer_"


@dataclass(frozen=True)
class Place:
    """Where a function is: its name in the file `path`, or in the module `module`, which may be both.

    folder: what is importable beside it.
    """

    call: str
    name: str
    path: Path
    folder: Path
    module: str | None = None

    def sources(self) -> Sources:
        """Return what it is written in, and what of the user's that imports."""
        return sources(self.path, self.folder)


def find(call: str, beside: Path) -> Place:
    """Return where `call` is, with a path relative to the folder `beside`; nothing is imported. Raises UserError."""
    before, _, name = call.rpartition(":")
    if not before or not name.replace(".", "").isidentifier():
        raise UserError(
            f'trainer.call = "{call}"; write the file and the function in it, such as "train.py:train", or a module '
            'and its function, "package.module:train"'
        )
    if before.endswith(".py") or "/" in before or os.sep in before:
        path = (beside / Path(before).expanduser()).absolute()
        if not path.is_file():
            raise UserError(f"trainer.call: there is no file {path}{_similar(path)}")
        return Place(call, name, path, path.parent)
    return _find_module(call, before, name, beside.absolute())


def load(where: Place) -> Callable[..., Any]:
    """Import the file, or the module, and return the function. Raises UserError for whatever is wrong with them."""
    if str(where.folder) not in sys.path:
        sys.path.insert(0, str(where.folder))  # as for a script: what lies beside it can be imported, also later
    shown = where.path.name if where.module is None else where.module
    module = _import_file(where.path) if where.module is None else _import_module(where.module)
    found: Any = module
    for part in where.name.split("."):
        found = getattr(found, part, None)
    if found is None:
        functions = [name for name, each in vars(module).items() if callable(each) and not name.startswith("_")]
        close = get_close_matches(where.name, functions, 1)
        hint = f"; did you mean {close[0]}?" if close else f"; it has {', '.join(functions) or 'none'}"
        raise UserError(f"trainer.call: {shown} has no function {where.name}{hint}")
    if not callable(found):
        raise UserError(f"trainer.call: {where.name} in {shown} is no function, but {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def _import_file(path: Path) -> ModuleType:
    """Import a file under a name of its own, so that it hides no module and no other file of the same name."""
    name = _PRIVATE + hashlib.sha256(str(path).encode()).hexdigest()[:16]
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a path that ends with .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look for it there
    try:
        # Compiled anew: a cached .pyc is the old one where a file changes twice within a second.
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except SyntaxError as error:
        del sys.modules[name]
        raise UserError(_syntax(error)) from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UserError(_no_import(path.name, error)) from error
    return module


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except SyntaxError as error:
        raise UserError(_syntax(error)) from error
    except (Exception, SystemExit) as error:
        raise UserError(_no_import(name, error)) from error


def _syntax(error: SyntaxError) -> str:
    line = (error.text or "").strip()
    return f"{Path(error.filename or '').name}, line {error.lineno}: {error.msg}" + (f": {line}" if line else "")


def _no_import(what: str, error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f'{what} ends the program when it is imported{place(error)}; put that under if __name__ == "__main__":'
    return f"{what} cannot be imported: {said(error)}{place(error)}"


def _find_module(call: str, module: str, name: str, beside: Path) -> Place:
    parts = module.split(".")
    for file in (beside.joinpath(*parts, "__init__.py"), beside.joinpath(*parts[:-1], f"{parts[-1]}.py")):
        if file.is_file():
            return Place(call, name, file, beside, module)
    if str(beside) not in sys.path:
        sys.path.insert(0, str(beside))
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise UserError(f"trainer.call: {_no_import(module, error)}") from error
        spec = None
    except (Exception, SystemExit) as error:
        raise UserError(f"trainer.call: {_no_import(module, error)}") from error
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise UserError(
            f"trainer.call: there is no module {module}, neither in {beside} nor installed; for a file write "
            f'"{module.replace(".", "/")}.py:{name}"'
        )
    path = Path(spec.origin)
    levels = len(parts) + (path.name == "__init__.py")
    return Place(call, name, path, path.parents[levels - 1], module)


def _similar(path: Path) -> str:
    """Return which file may have been meant."""
    names = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
    close = get_close_matches(path.name, names, 1)
    return f"; did you mean {close[0]}?" if close else ""
