"""The options that several commands share."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from hpo.definition.printable import printable
from hpo.record.where import default_storage
from hpo.storage.errors import UserError
from hpo.storage.urls import expanded, without_passwords


def add_workers(arguments: argparse.ArgumentParser) -> None:
    """Add --workers."""
    arguments.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: one per core)"
    )


def add_changes(arguments: argparse.ArgumentParser) -> None:
    """Add --seed and --set."""
    arguments.add_argument("--seed", type=int, metavar="N", help="a seed to use instead of the study's own")
    arguments.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help="change one field of the definition, such as rounds.0.trials=10; may be repeated",
    )


def check_workers(workers: int) -> None:
    """Raise UserError if there are none."""
    if workers < 1:
        raise UserError(f"--workers {workers}: at least one worker is needed")


def make_out_folder(out: Path) -> None:
    """Make the folder for the results now: an hour later would be a bad time to learn that it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UserError(f"--out {out} cannot be written to: {error.strerror}; name another folder") from error


class _Parser(argparse.ArgumentParser):
    """A parser that repeats no password when it says which of the words it was given it does not understand."""

    _words: Sequence[str] = ()

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Parse `args`, as argparse does, and keep them for `error`."""
        self._words = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End with `message`."""
        super().error(printable(without_passwords(message, self._words)))


def parser(command: str, description: str, examples: str) -> argparse.ArgumentParser:
    """Return a parser whose --help teaches with examples; what it says fits a terminal of 80 columns."""
    return _Parser(
        prog=command.replace(".", " "),
        description=textwrap.fill(" ".join(description.split()), 79),
        epilog=f"examples:\n{textwrap.indent(textwrap.dedent(examples).strip(), '  ')}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_storage(arguments: argparse.ArgumentParser) -> None:
    """Add --storage and -v."""
    arguments.add_argument(
        "--storage",
        metavar="URL",
        default=default_storage(),
        help="the database, SQLite or PostgreSQL (default: $HPO_STORAGE, $OPTUNA_STORAGE, or sqlite:///hpo.db)",
    )
    arguments.add_argument(
        "-v", "--verbose", action="store_true", help="also show Optuna's own log lines and the whole tables"
    )


def add_patience(arguments: argparse.ArgumentParser) -> None:
    """Add --patience: seconds, or None where nobody asked for any."""
    arguments.add_argument(
        "--patience",
        metavar="TIME",
        type=duration,
        help="how long to wait for a database that is gone, locked or restarting: 90s, 10m, 1h, 0 (default: 10m)",
    )


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def duration(text: str) -> float:
    """Return the seconds that "90s", "10m", "1h" or "600" name. Raises argparse's own error for anything else."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]+)?) ?([smh]?)", text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r}: a time such as 90s, 10m or 1h, or a number of seconds")
    return float(found[1]) * _UNITS[found[2]]


def add_data_dir(arguments: argparse.ArgumentParser) -> None:
    """Add --data-dir."""
    default = os.environ.get("HPO_DATA_DIR")
    arguments.add_argument(
        "--data-dir",
        metavar="DIR",
        type=user_path,
        default=default or None,
        help="a folder with dataset files; own data are looked for at their own path first (default: $HPO_DATA_DIR)",
    )


def user_path(text: str) -> Path:
    """Return the path that an option names; a `~` is the home folder there, too, where no shell replaces it.

    Raises argparse's own error where there is no such user.
    """
    try:
        return Path(expanded(text, "the path"))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
