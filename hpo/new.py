"""Front door `python -m hpo.new`: a study file of your own, begun from another study, with a comment on each line."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys
from pathlib import Path

from hpo.certificate.auto_samples import auto_rounds, with_samples
from hpo.cli.options import add_changes, parser
from hpo.cli.running import run_command, say
from hpo.definition.files import define, load_tables
from hpo.definition.template import study_text
from hpo.definition.text import expanded
from hpo.engine.exit_codes import DONE
from hpo.storage.errors import UserError


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _new(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.new",
        "Write a study file of your own as a copy of another study. Each line says what it is for. Settings that the\n"
        "other study leaves out are there as comments, with their defaults and bounds. Edit the file, then run it.",
        """
        hpo new my.toml
        hpo new my.toml --from mnist_convnet --set data.dataset=images.npz
        """,
    )
    made.add_argument("file", metavar="FILE.toml", help="the file to write; one that is there is never overwritten")
    made.add_argument(
        "--from",
        default="mnist_wd",
        metavar="NAME|FILE.toml",
        dest="source",
        help="the study to copy (default: mnist_wd)",
    )
    add_changes(made)
    return made


def _new(arguments: argparse.Namespace) -> int:
    path = expanded(arguments.file, "the new file")
    if path.suffix != ".toml" or path.name.startswith("-"):
        raise UserError(f"{arguments.file!r}: the name of a study file ends in .toml, such as my.toml")
    tables = load_tables(arguments.source, arguments.changes, arguments.seed)
    define(arguments.source, with_samples(tables) if auto_rounds(tables) else tables)
    text = study_text(tables, Path(arguments.source).stem)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise UserError(f"{path} is there already, and is not overwritten; name another file") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    say(f"{path} is a copy of {arguments.source}. Edit it, then start it with:  hpo run --study {path}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
