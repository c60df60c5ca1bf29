"""The commands that `hpo` knows, each with the front door behind it: names and lines only, nothing is imported here."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import cast


@dataclass(frozen=True)
class Door:
    """A front door: the module that has its `main` and `make_parser`, and what it does, in a line."""

    name: str
    does: str

    @property
    def module(self) -> str:
        """Return the module's full name; `hpo.studies` is a folder, the studies that come along."""
        return "hpo.studies.__main__" if self.name == "studies" else f"hpo.{self.name}"

    def is_there(self) -> bool:
        """Return whether the module exists, without importing it."""
        return find_spec(self.module) is not None

    def main(self, argv: list[str]) -> int:
        """Import the module, run it with `argv`, and return its exit code."""
        return int(import_module(self.module).main(argv))

    def make_parser(self) -> ArgumentParser:
        """Import the module and return the parser of its options."""
        return cast("ArgumentParser", import_module(self.module).make_parser())


GROUPS: Mapping[str, tuple[Door, ...]] = {
    "search": (
        Door("new", "write a study file of your own, with a comment on each line"),
        Door("run", "run a study to its report, or go on where it stopped"),
        Door("work", "help a running study with more workers, from any machine"),
        Door("studies", "list the built-in studies, and those in the database"),
        Door("backup", "copy the database into one file, also while a search runs"),
    ),
    "see what was found": (
        Door("serve", "show the studies in the browser, while they run or afterwards"),
        Door("report", "write the report of a study: page, tables, figures; or of several"),
        Door("audit", "tell how far the best score of somebody's search is luck, and more"),
        Door("certify", "check whether the subset ranks configs like more data does"),
    ),
    "look closer": (
        Door("look", "draw the filters and the feature maps of a trained ConvNet"),
        Door("valley", "compare four optimizers on a narrow valley"),
    ),
    "this command": (Door("completion", "print the script that makes TAB complete a command"),),
}
"""The commands in the order in which `hpo --help` lists them."""


def doors() -> dict[str, Door]:
    """Return the doors that are there, by name."""
    return {door.name: door for group in GROUPS.values() for door in group if door.is_there()}
