"""The command `hpo`: it opens one of the front doors."""

from __future__ import annotations

import hpo.cli.ctrl_c  # isort: skip  # noqa: F401 - before anything heavy is loaded

import sys
from importlib import import_module

DOORS = ("run", "work", "report", "serve", "studies", "certify", "look", "valley")


def main(argv: list[str] | None = None) -> int:
    """Open the door that `argv` names, with the rest of it, and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] not in DOORS:
        print(f"usage: hpo {{{','.join(DOORS)}}} ...", file=sys.stderr)
        return 2
    module = "hpo.studies.__main__" if arguments[0] == "studies" else f"hpo.{arguments[0]}"
    return int(import_module(module).main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
