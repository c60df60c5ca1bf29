"""How a study file is loaded: one of those that come along (hpo/studies), or the path of your own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo.definition.extras import check_installed
from hpo.definition.naming import check_study_name
from hpo.definition.overrides import set_field
from hpo.definition.reading import read_definition
from hpo.definition.settings import DATASETS
from hpo.definition.study import StudyDefinition
from hpo.definition.text import check_depth, expanded, read_tables
from hpo.definition.trainers.calls import settled
from hpo.definition.trainers.kinds import KINDS
from hpo.definition.trainers.programs import settled_program
from hpo.models.bounds import shown
from hpo.storage.errors import UserError

FOLDER = Path(__file__).parents[1] / "studies"


def presets() -> dict[str, str]:
    """Return the names of the studies that come with the project, each with its title."""
    return {path.stem: str(read_tables(path).get("title", "")) for path in sorted(FOLDER.glob("*.toml"))}


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
    tables = read_tables(path)
    _settle_dataset(tables, path.parent)
    for change in changes:
        set_field(tables, change)
    check_depth(tables, f"study {study!r}")
    _settle_dataset(tables, Path())
    _settle_trainer(tables, path.parent, study)
    if seed is not None:
        tables["seed"] = seed
    return tables


def _settle_dataset(tables: Mapping[str, Any], folder: Path) -> None:
    """Make data.dataset and data.test, if they are paths, such that start at `folder` where they are relative."""
    for key in ("dataset", "test"):
        _settle(tables, key, folder)


def _settle(tables: Mapping[str, Any], key: str, folder: Path) -> None:
    data = tables.get("data")
    dataset = data.get(key) if isinstance(data, dict) else None
    if not isinstance(dataset, str) or not dataset or dataset in DATASETS:
        return
    try:
        path = Path(dataset).expanduser()
        whole = folder.resolve() / path
        if whole.exists() or path.parent != Path() or path.suffix:
            tables["data"][key] = str(whole)
    except (OSError, RuntimeError, ValueError):  # too long, ~nosuchuser, a zero byte: said where it is looked for
        return
    if not whole.exists() and path.exists():
        raise UserError(
            f"data.{key} = {dataset!r}: there is no {whole}; a path in a study file starts at the file's folder, so "
            f"write {str(path.absolute())!r} for the one in the current folder"
        )


def _settle_trainer(tables: dict[str, Any], folder: Path, study: str) -> None:
    """Put into [trainer] what the source of its function or program says, as it is now; paths start at `folder`."""
    table, data = tables.get("trainer"), tables.get("data")
    try:
        if not isinstance(table, Mapping) or len(KINDS.keys() & table.keys()) != 1:
            return  # which is said where the table is read
        if isinstance(table.get("call"), str):
            tables["trainer"] = settled(table, folder.resolve())
        elif "command" in table:
            tables["trainer"] = settled_program(table, folder.resolve(), with_data=bool(data))
    except UserError as error:
        raise UserError(f"study {study!r}: {error}") from error


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
        return _own_file(study)
    path = FOLDER / f"{study}.toml"
    if study not in presets():
        near = difflib.get_close_matches(study, presets(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UserError(
            f"no study named {shown(study)}{hint}; known studies: {', '.join(presets())} (or give the path of a "
            ".toml file)"
        )
    return path


def _own_file(study: str) -> Path:
    """Return the path of a user's own study file. Raises UserError if there is none that may be one."""
    path = expanded(study, "study file")
    if path.name.startswith("-"):
        raise UserError(f"study file {study!r}: a study is named like its file, and no name begins with -; rename it")
    try:
        if path.is_file():
            return path
        there = path.exists()
    except OSError as error:
        raise UserError(f"no study file {shown(study)}: {error.strerror}") from error
    if there:
        raise UserError(f"{study!r} is a folder or a device, no study file; name a .toml file in it")
    raise UserError(f"no study file {shown(study)}; name an existing .toml file, or one of: {', '.join(presets())}")
