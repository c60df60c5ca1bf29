"""The source of a training function: its file and the user's own modules that it imports, as they are written.

Found by reading them, not by running them: so it is the same in every process, whatever has been imported there.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from hpo.definition.tables import read_value
from hpo.models.bounds import shown
from hpo.storage.errors import UserError

Sources = Mapping[str, str]
"""The SHA-256 of each file, by its path in the folder that the first one lies in."""


def sources(start: Path, folder: Path) -> Sources:
    """Return the file `start` and all modules in `folder` that it, or one of them, imports. Raises UserError."""
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        name = path.relative_to(folder).as_posix()
        if name in found:
            continue
        try:
            text = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror or error}") from error
        found[name] = hashlib.sha256(text).hexdigest()
        waiting += _own(text, path, folder)
    return dict(sorted(found.items()))


def read_sources(source: object, of: str) -> tuple[tuple[str, str], ...]:
    """Return what a record says of the source `of` a function or a program. Raises UserError where that is no table."""
    if not isinstance(source, Mapping):
        raise UserError(f"trainer.source = {shown(source)}; leave it out: it is worked out from {of}")
    return tuple(
        sorted((str(name), read_value(str, sha256, f"trainer.source.{name}")) for name, sha256 in source.items())
    )


def digest(files: Sources) -> str:
    """Return one SHA-256 for all of them."""
    return hashlib.sha256("".join(f"{name}\0{sha256}\n" for name, sha256 in sorted(files.items())).encode()).hexdigest()


def changed(before: Sources, now: Sources) -> str:
    """Return which files differ, in words; nothing where none does."""
    said = [
        *(f"{name} has changed" for name in sorted(before.keys() & now.keys()) if before[name] != now[name]),
        *(f"{name} is new" for name in sorted(now.keys() - before.keys())),
        *(f"{name} is gone" for name in sorted(before.keys() - now.keys())),
    ]
    return ", ".join(said)


def _own(text: bytes, path: Path, folder: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # said when it is imported
        return
    package = path.relative_to(folder).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(folder, tuple(alias.name.split(".")))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            parts = (*base, *filter(None, (node.module or "").split(".")))
            yield from _files(folder, parts)
            for alias in node.names:
                yield from _files(folder, (*parts, alias.name))


def _files(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """Return the files in `folder` that importing the module named by `parts` would run."""
    for i in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:i])
        for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if file.is_file():
                yield file
                break
