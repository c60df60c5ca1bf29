"""What all front doors share: where the database is, how errors end a program, and how lines are said."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import optuna

from hpo.printable import printable
from storage.errors import UserError
from storage.urls import expanded, without_passwords

DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130
DEFAULT_STORAGE = "sqlite:///hpo.db"


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
        prog=f"python -m {command}",
        description=textwrap.fill(" ".join(description.split()), 79),
        epilog=f"examples:\n{textwrap.indent(textwrap.dedent(examples).strip(), '  ')}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def default_storage() -> str:
    """Return the database that is meant where none is named: $HPO_STORAGE, $OPTUNA_STORAGE, or sqlite:///hpo.db."""
    return os.environ.get("HPO_STORAGE") or os.environ.get("OPTUNA_STORAGE") or DEFAULT_STORAGE


def add_storage(arguments: argparse.ArgumentParser) -> None:
    """Add --storage and -v."""
    arguments.add_argument(
        "--storage",
        metavar="URL",
        default=default_storage(),
        help="the database: any URL that Optuna takes (default: $HPO_STORAGE, $OPTUNA_STORAGE, or sqlite:///hpo.db)",
    )
    arguments.add_argument("-v", "--verbose", action="store_true", help="show Optuna's own log lines too")


def add_data_dir(arguments: argparse.ArgumentParser) -> None:
    """Add --data-dir."""
    default = os.environ.get("HPO_DATA_DIR")
    arguments.add_argument(
        "--data-dir",
        metavar="DIR",
        type=user_path,
        default=default or None,
        help="a folder with dataset files, looked into first (default: $HPO_DATA_DIR)",
    )


def user_path(text: str) -> Path:
    """Return the path that an option names; a `~` is the home folder there, too, where no shell replaces it.

    Raises argparse's own error where there is no such user.
    """
    try:
        return Path(expanded(text, "the path"))
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def complain(text: str) -> None:
    """Print a line to where errors go."""
    print(printable(text), file=sys.stderr, flush=True)


def run_command(command: Callable[[], int]) -> int:
    """Run a front door and return its exit code; a user's mistake is one clear message, never a traceback."""
    try:
        return command()
    except UserError as error:
        complain(f"error: {error}")
        return MISTAKE
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # somebody closed the pipe, as `| head` does
        sys.stderr.close()
        return FAILED


def quiet_optuna(verbose: bool) -> None:
    """Keep Optuna's log lines and its notes on experimental features to those who ask for them."""
    optuna.logging.set_verbosity(optuna.logging.INFO if verbose else optuna.logging.ERROR)
    if not verbose:
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


def say(text: str) -> None:
    """Print a line at once; what steers a terminal is written out."""
    print(printable(text), flush=True)
