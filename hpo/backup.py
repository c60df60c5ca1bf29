"""Front door `python -m hpo.backup`: a whole copy of an SQLite database, also while a search writes into it."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys
import time

from hpo.cli.options import add_storage, parser, user_path
from hpo.cli.running import run_command, say
from hpo.engine.exit_codes import DONE
from hpo.storage.backup import copy_database
from hpo.storage.database import database_errors, shown

SAID_EVERY_SECONDS = 5.0


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _backup(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.backup",
        "Copy the database, as it is at this moment, into one file. Searches may go on meanwhile. A copy of the file\n"
        "alone, made with cp, would lack what is still in the -wal file beside it. The copy is a database like the\n"
        "original: --storage sqlite:///FILE opens it. To go back to it, stop what runs and put it in the database's "
        "place,\nwith no -wal or -shm file left beside it.",
        """
        hpo backup hpo-backup.db
        hpo backup --force --storage sqlite:////data/hpo.db /backups/hpo.db
        """,
    )
    made.add_argument("file", type=user_path, metavar="FILE", help="where the copy goes")
    add_storage(made)
    made.add_argument("--force", action="store_true", help="replace FILE if it exists")
    return made


def _backup(arguments: argparse.Namespace) -> int:
    with database_errors(arguments.storage):
        size = copy_database(arguments.storage, arguments.file, replace=arguments.force, step=_Telling())
    say(f"{shown(arguments.storage)} is copied to {arguments.file} ({size / 1e6:.1f} MB)")
    return DONE


class _Telling:
    """Says now and then how far a long copy is."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, left: int, all_pages: int) -> None:
        if time.monotonic() - self._said >= SAID_EVERY_SECONDS:
            self._said = time.monotonic()
            say(f"{100 * (all_pages - left) // max(all_pages, 1)} % is copied")


if __name__ == "__main__":
    sys.exit(main())
