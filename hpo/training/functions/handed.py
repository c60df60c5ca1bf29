"""A function that is handed over in Python: how it travels to workers, and what tells it from a changed one."""

from __future__ import annotations

import hashlib
import inspect
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np

from hpo.definition.trainers.functions import FunctionCall, FunctionTrainer
from hpo.definition.trainers.reading_code import uses
from hpo.definition.trainers.sources import sources
from hpo.storage.errors import UserError
from hpo.training.functions.trainer import accepted
from hpo.training.given import Given

_PLAIN = (int, float, complex, str, bytes, bool, type(None))


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function is called in sentences."""
    name = str(getattr(function, "__name__", type(function).__name__))
    return name if name.isidentifier() else "train"


def handed(function: object) -> Given:
    """Return what workers are given to train with `function`. Raises UserError where it cannot be sent to them."""
    if not callable(function):
        raise UserError(f"train = {function!r:.80}; expected a function, train(config, run)")
    taken = accepted(function)
    name, source = name_of(function), _source(function)
    found = None if source is None else uses(source, name)
    whole = taken is function
    call = FunctionCall(
        name,
        rungs=inspect.isgeneratorfunction(function) if found is None else found.rungs,
        samples=whole if found is None else found.samples,
        test=whole if found is None else found.test,
    )
    try:
        pickled = cloudpickle.dumps(function)
    except Exception as error:
        raise UserError(
            f"{name} cannot be sent to worker processes: {type(error).__name__}: {error}; make what it uses inside it, "
            "not outside"
        ) from error
    files = {name: _sha256(pickled)} if source is None else _written(function, name)
    return Given(FunctionTrainer(call, tuple(sorted(files.items()))), Path().absolute(), pickled, _path())


def _path() -> tuple[str, ...]:
    """Return where this process finds modules: workers are to find the same ones."""
    return tuple(str(Path(each).absolute()) for each in sys.path)


def _source(function: object) -> str | None:
    try:
        return textwrap.dedent(inspect.getsource(function))  # type: ignore[arg-type]
    except (OSError, TypeError, IndentationError):
        return None


def _written(function: Callable[..., Any], name: str) -> dict[str, str]:
    """Return the SHA-256 of what the function is written in.

    These are its own text, with what it uses from outside, and the user's modules that its file imports. The rest of
    the file is not: a script may ask for more trials without being another trainer.
    """
    text = "\n".join(_texts(function, set()))
    files = {name: _sha256(text.encode())}
    path = Path(inspect.getsourcefile(function) or "")
    if path.is_file() and path.suffix == ".py":
        files |= {each: sha256 for each, sha256 in sources(path, path.parent).items() if each != path.name}
    return files


def _texts(function: object, seen: set[int]) -> Iterator[str]:
    """Yield the source of a function, and of what of its module it uses, with the values that are plain."""
    seen.add(id(function))
    yield _source(function) or ""
    code = getattr(function, "__code__", None)
    if not isinstance(code, types.CodeType):
        return
    around = {**getattr(function, "__globals__", {}), **_closure(function, code)}
    for name in sorted(_names(code)):
        value = around.get(name, seen)  # which is nobody's value
        if isinstance(value, _PLAIN):
            yield f"{name} = {value!r}"
        elif isinstance(value, np.ndarray):
            yield f"{name} = {_sha256(np.ascontiguousarray(value).tobytes())}"
        elif id(value) not in seen and _lies_beside(value, function):
            yield from _texts(value, seen)


def _lies_beside(value: object, function: object) -> bool:
    """Say whether `value` is a function or a class of the same module."""
    same = getattr(value, "__module__", None) == getattr(function, "__module__", None)
    return same and isinstance(value, types.FunctionType | type)


def _closure(function: object, code: types.CodeType) -> dict[str, Any]:
    cells = getattr(function, "__closure__", None) or ()
    return {name: cell.cell_contents for name, cell in zip(code.co_freevars, cells, strict=True) if _is_filled(cell)}


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _names(code: types.CodeType) -> set[str]:
    inner = [each for each in code.co_consts if isinstance(each, types.CodeType)]
    return {*code.co_names, *code.co_freevars}.union(*(_names(each) for each in inner))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
