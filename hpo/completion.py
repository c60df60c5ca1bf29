"""Front door `python -m hpo.completion`: the script that makes a shell complete this program's commands and options."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys

from hpo.cli.completion import SHELLS, completion_script
from hpo.cli.doors import doors
from hpo.cli.options import parser
from hpo.cli.running import run_command, say
from hpo.definition.files import presets
from hpo.engine.exit_codes import DONE


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _complete(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.completion",
        "Print the script that makes TAB complete commands, options, and after --study the names of the built-in\n"
        "studies and the study files in the folder. Print it again after an upgrade.",
        """
        eval "$(hpo completion bash)"                   # in this shell, or in ~/.bashrc
        hpo completion zsh > ~/.zfunc/_hpo              # in a folder of $fpath
        hpo completion fish > ~/.config/fish/completions/hpo.fish
        """,
    )
    made.add_argument("shell", choices=SHELLS, help="the shell that is to complete")
    return made


def _complete(arguments: argparse.Namespace) -> int:
    parsers = {name: (door.does, door.make_parser()) for name, door in doors().items()}
    say(completion_script(arguments.shell, parsers, studies=list(presets())))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
