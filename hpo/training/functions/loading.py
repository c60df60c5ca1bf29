"""Import the function that `[trainer] call` names: "train.py:train", or "package.module:train"."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from hpo.definition.trainers.calls import Place, no_function
from hpo.storage.errors import UserError
from hpo.training.functions.faults import place, said

_PRIVATE = "_hpo_trainer_"


def load(where: Place) -> Callable[..., Any]:
    """Import the file, or the module, and return the function. Raises UserError for whatever is wrong with them."""
    if str(where.folder) not in sys.path:
        sys.path.insert(0, str(where.folder))  # as for a script: what lies beside it can be imported, also later
    module = _import_file(where.path) if where.module is None else _import_module(where.module)
    found: Any = module
    for part in where.name.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise UserError(no_function(where, [name for name, each in vars(module).items() if callable(each)]))
    if not callable(found):
        raise UserError(f"trainer.call: {where.name} in {where.shown} is no function, but {type(found).__name__}")
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
