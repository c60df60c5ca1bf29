"""Writing a file so that whoever looks sees the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from hpo.storage.errors import UserError


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`: into a temporary file beside it, which then takes its name.

    Raises UserError where that is impossible (no space, no permission); the old file, if any, is then untouched.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; make room or permission there, or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # gone already, or never made
            temporary.unlink()


def make_folder(folder: Path) -> None:
    """Create `folder` with its parents. Raises UserError where that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot create the folder {folder}: {error.strerror or error}; choose another folder"
        ) from error
