"""The script that makes a shell complete the command `hpo`; shtab writes it from the parsers of the front doors."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from hpo.storage.errors import UserError

SHELLS = ("bash", "zsh", "fish")
COMMAND = "hpo"


def completion_script(
    shell: str, parsers: Mapping[str, tuple[str, argparse.ArgumentParser]], *, studies: Sequence[str]
) -> str:
    """Return the script for `shell`. `parsers` has what each command does and its parser; `studies` follow --study.

    Raises UserError where shtab is not installed.
    """
    try:
        import shtab  # noqa: PLC0415 - nothing else needs it
    except ImportError as error:
        raise UserError("completion needs the package shtab; install it: pip install shtab") from error
    values: dict[str, Any] = {
        "study": _study_names(studies),
        "studies": _study_names(studies),
        "source": _study_names(studies),
        "out": shtab.DIRECTORY,
        "data_dir": shtab.DIRECTORY,
        "network": shtab.glob("*.npz"),
    }
    root = argparse.ArgumentParser(prog=COMMAND)
    root.add_argument("--version", action="store_true", help="print the version")
    commands = root.add_subparsers()
    for name, (does, parser) in parsers.items():
        for action in parser._actions:
            if action.dest in values:
                setattr(action, "complete", values[action.dest])  # noqa: B010 - where shtab looks; argparse has no such field
        commands.add_parser(name, help=does, description=does, parents=[parser], add_help=False)
    commands.add_parser("help", help="say what a command does, with examples").add_argument(
        "command", choices=list(parsers)
    )
    return str(shtab.complete(root, shell=shell))


def _study_names(studies: Sequence[str]) -> dict[str, Any]:
    """Return how each shell completes a study: the names that come along, and study files."""
    names = " ".join(studies)
    return {
        "bash": "_hpo_study_names",
        "zsh": "_hpo_study_names",
        "fish": "(_hpo_study_names)",
        "preamble": {
            "bash": f"""
_hpo_study_names() {{
  compgen -W "{names}" -- "$1"
  compgen -f -X '!*.toml' -- "$1"
}}
""",
            "zsh": f"""
_hpo_study_names() {{
  _alternative 'studies:study:({names})' 'files:study file:_files -g "*.toml"'
}}
""",
            "fish": f"""
function _hpo_study_names
  printf '%s\\n' {names} *.toml
end
""",
        },
    }
