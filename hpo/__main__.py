"""The command `hpo`: it opens one of the front doors, and imports nothing of the others."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip

import difflib
import sys

import hpo
from hpo.cli.doors import GROUPS, doors
from hpo.cli.installed import MISTAKE

PURPOSE = "Find good hyperparameter values on little data, and prove them on all of it."


def main(argv: list[str] | None = None) -> int:
    """Open the door that `argv` names, with the rest of it, and return its exit code."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name == "help":  # `hpo help run` is `hpo run --help`
        name, rest = (rest[0], ["--help"]) if rest else ("--help", [])
    if name in ("-h", "--help"):
        print(overview())
        return 0
    if name in ("-V", "--version"):
        print(f"hpo {hpo.__version__}")
        return 0
    known = doors()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        print(f"error: no command {name!r}{hint}; known commands: {', '.join(known)}, help", file=sys.stderr)
        return MISTAKE
    return known[name].main(rest)


def overview() -> str:
    """Return what `hpo --help` prints: every command with a line on what it does, in groups."""
    there = doors()
    width = max(map(len, there)) + 2
    lines = ["usage: hpo COMMAND [options]", "", PURPOSE]
    for group, listed in GROUPS.items():
        lines += ["", f"{group}:", *(f"  {door.name:<{width}}{door.does}" for door in listed if door.name in there)]
        if group == "this command":
            lines += [f"  {'help':<{width}}say what a command does, with examples: hpo help run"]
            lines += [f"  {'--version':<{width}}print the version"]
    return "\n".join([*lines, "", "begin with: hpo run --study mnist_wd"])


if __name__ == "__main__":
    sys.exit(main())
