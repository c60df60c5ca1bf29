"""How a study file is loaded: one of those that come along (hpo/studies), or the path of your own."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo.definition.extras import check_installed
from hpo.definition.naming import check_study_name
from hpo.definition.settings import DATASETS
from hpo.definition.study import StudyDefinition, read_definition
from hpo.storage.errors import UserError

FOLDER = Path(__file__).parents[1] / "studies"


def presets() -> dict[str, str]:
    """Return the names of the studies that come with the project, each with its title."""
    return {path.stem: str(_parse(path).get("title", "")) for path in sorted(FOLDER.glob("*.toml"))}


def load_definition(study: str, changes: Sequence[str] = (), seed: int | None = None) -> StudyDefinition:
    """Return the definition of `study`, a preset's name or the path of a TOML file.

    `changes` are KEY=VALUE texts that set single fields, `seed` another seed. Raises UserError for an unknown study, a
    file that is not TOML, whatever is wrong in the definition, and a sampler whose packages are not installed.
    """
    return define(study, load_tables(study, changes, seed))


def load_tables(study: str, changes: Sequence[str] = (), seed: int | None = None) -> dict[str, Any]:
    """Return the tables of the same, not yet checked.

    The path of a dataset is made one that holds everywhere: in a study file it starts at that file's folder, in
    `changes` at the current one.
    """
    path = study_path(study)
    tables = _parse(path)
    _settle_dataset(tables, path.parent)
    for change in changes:
        _set(tables, change)
    _settle_dataset(tables, Path())
    if seed is not None:
        tables["seed"] = seed
    return tables


def _settle_dataset(tables: Mapping[str, Any], folder: Path) -> None:
    """Make data.dataset, if it is a path, one that starts at `folder` where it is relative."""
    data = tables.get("data")
    dataset = data.get("dataset") if isinstance(data, dict) else None
    if not isinstance(dataset, str) or not dataset or dataset in DATASETS:
        return
    try:
        path = Path(dataset).expanduser()
        whole = folder.resolve() / path
        if whole.exists() or path.parent != Path() or path.suffix:
            tables["data"]["dataset"] = str(whole)
    except (OSError, RuntimeError, ValueError):  # too long, ~nosuchuser, a zero byte: said where it is looked for
        return
    if not whole.exists() and path.exists():
        raise UserError(
            f"data.dataset = {dataset!r}: there is no {whole}; a path in a study file starts at the file's folder, so "
            f"write {str(path.absolute())!r} for the one in the current folder"
        )


def define(study: str, tables: Mapping[str, Any]) -> StudyDefinition:
    """Return the definition that `tables` make of `study`. Raises UserError for whatever is wrong in them."""
    try:
        definition = read_definition(check_study_name(study_path(study).stem), tables)
        check_installed(definition.search.sampler)
    except UserError as error:
        raise UserError(f"study {study!r}: {error}") from error
    return definition


def study_path(study: str) -> Path:
    """Return the TOML file that `study` names."""
    if study.endswith(".toml"):
        path = Path(study).expanduser()
        if not path.is_file():
            raise UserError(f"no study file {study!r}; name an existing .toml file, or one of: {', '.join(presets())}")
        return path
    path = FOLDER / f"{study}.toml"
    if path.parent != FOLDER or not path.is_file():
        near = difflib.get_close_matches(study, presets(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UserError(
            f"no study named {study!r}{hint}; known studies: {', '.join(presets())} (or give the path of a .toml file)"
        )
    return path


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def _set(tables: dict[str, Any], change: str) -> None:
    """Put the value of `change`, such as rounds.0.trials=10, into `tables`; checked with the rest afterwards."""
    key, equals, text = change.partition("=")
    steps = key.strip().split(".")
    if not equals or not all(steps):
        raise UserError(f"--set {change!r}: expected KEY=VALUE, for example --set rounds.0.trials=10")
    target: Any = tables
    for depth, step in enumerate(steps[:-1]):
        where = ".".join(steps[: depth + 1])
        known = isinstance(target, list)
        target = target[_index(target, step, where)] if known else target.setdefault(step, {})
        if not isinstance(target, dict | list):
            raise UserError(f"--set {change!r}: {where} is a value, not a table")
    if isinstance(target, list):
        target[_index(target, steps[-1], key)] = _value(text)
    else:
        target[steps[-1]] = _value(text)


def _index(target: Sequence[object], step: str, where: str) -> int:
    if not step.isdecimal() or int(step) >= len(target):
        raise UserError(f"--set {where}: {step!r} is no place in a list of {len(target)}; they count from 0")
    return int(step)


def _value(text: str) -> Any:
    """Return `text` as TOML reads it; what is no TOML value is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
