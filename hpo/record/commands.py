"""The commands that a study's messages and reports tell people to type."""

from __future__ import annotations

import shlex

from hpo.definition.files import FOLDER
from hpo.record.where import default_storage
from hpo.storage.database import shown

IN_PYTHON = "hpo.search"
"""What a study is said to be started from whose function was handed over in Python: no command has it."""


def command_for(study: str, started_from: str | None = None) -> str:
    """Return the command that moves `study` forward.

    A study of your own is named by its file; the database does not know in which folder it lies. `started_from` is the
    preset or the file, as StudyRecord has it; where it is not known, it is called like the study.
    """
    if started_from == IN_PYTHON:
        return f"call hpo.search(..., name={study!r}) again"
    return f"hpo run {_named(study, started_from)}"


def certify_command(study: str, started_from: str | None = None) -> str:
    """Return the command that moves the certificate of `study` forward."""
    if started_from == IN_PYTHON:
        return "hpo certify --study FILE.toml, with the function in a file that it names"
    return f"hpo certify {_named(study, started_from)}"


def _named(study: str, started_from: str | None) -> str:
    source = started_from or (study if (FOLDER / f"{study}.toml").is_file() else f"{study}.toml")
    name = "" if source.removesuffix(".toml") == study else f" --name {shlex.quote(study)}"
    return f"--study {shlex.quote(source)}{name}"


def serve_command(storage: str) -> str:
    """Return the command that opens the dashboard on `storage`, without its password."""
    where = "" if storage == default_storage() else f" --storage {shlex.quote(shown(storage))}"
    return f"hpo serve{where}"
