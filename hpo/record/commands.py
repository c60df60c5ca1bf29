"""The commands that a study's messages and reports tell people to type."""

from __future__ import annotations

import shlex

from hpo.definition.files import FOLDER
from hpo.record.where import default_storage
from hpo.storage.database import shown


def command_for(study: str) -> str:
    """Return the command that moves `study` forward.

    A study of your own is named by its file; the database does not know in which folder it lies.
    """
    return f"hpo run --study {_named(study)}"


def certify_command(study: str) -> str:
    """Return the command that moves the certificate of `study` forward."""
    return f"hpo certify --study {_named(study)}"


def _named(study: str) -> str:
    return shlex.quote(study if (FOLDER / f"{study}.toml").is_file() else f"{study}.toml")


def serve_command(storage: str) -> str:
    """Return the command that opens the dashboard on `storage`, without its password."""
    where = "" if storage == default_storage() else f" --storage {shlex.quote(shown(storage))}"
    return f"hpo serve{where}"
