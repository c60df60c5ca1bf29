"""The commands that a study's messages and reports tell people to type."""

from __future__ import annotations

import shlex

from hpo.definition.files import FOLDER
from hpo.definition.parts import CERTIFICATE_SUFFIX
from hpo.record.where import default_storage
from hpo.storage.database import shown


def command_for(study: str) -> str:
    """Return the command that moves `study`, or the study whose certificate it is, forward.

    A study of your own is named by its file; the database does not know in which folder it lies.
    """
    of = study.removesuffix(CERTIFICATE_SUFFIX)
    named = of if (FOLDER / f"{of}.toml").is_file() else f"{of}.toml"
    return f"hpo {'run' if of == study else 'certify'} --study {shlex.quote(named)}"


def serve_command(storage: str) -> str:
    """Return the command that opens the dashboard on `storage`, without its password."""
    where = "" if storage == default_storage() else f" --storage {shlex.quote(shown(storage))}"
    return f"hpo serve{where}"
