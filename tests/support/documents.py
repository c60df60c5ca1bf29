"""The project's documents as tests read them: their command lines, study files, lines of Python and links."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PATTERNS = (
    "*.md",
    "hpo/*.md",
    "hpo/[!mrs]*/*.md",
    "models/*.md",
    "storage/*.md",
    "reports/*.md",
    "tests/benchmarks/**/*.md",
)
"""Where the rooms have their documents. Not hpo/models, hpo/storage and hpo/reports, which are links."""


@dataclass(frozen=True)
class Document:
    """A Markdown file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        """Return what stands in the fenced blocks of a language, without the indentation of a list."""
        found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", self.text, flags=re.DOTALL | re.MULTILINE)
        return ["\n".join(line.removeprefix(indent) for line in text.splitlines()) + "\n" for indent, text in found]

    def commands(self) -> list[str]:
        """Return the command lines, one program each, without comments."""
        lines = [
            shlex.join(shlex.split(line, comments=True)) for block in self.blocks("sh") for line in block.splitlines()
        ]
        return [command.strip() for line in lines for command in re.split(r" '&&' ", line) if command.strip()]

    def links(self) -> Iterator[tuple[str, str]]:
        """Yield the file and the heading of every link and picture that lies in this repository."""
        for target in re.findall(r"\]\(([^)\s]+)\)", self.text):
            if not target.startswith(("https://", "http://")):
                file, _, heading = target.partition("#")
                yield file, heading

    def headings(self) -> set[str]:
        """Return the anchors of the headings, as GitHub names them."""
        titles = re.findall(r"^#+ (.*)$", self.text, flags=re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def documents() -> list[Document]:
    """Return all of them."""
    return [Document(path) for pattern in PATTERNS for path in sorted(ROOT.glob(pattern))]


def notebook_cells(path: Path) -> list[str]:
    """Return the code of a notebook's cells."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def executed(code: str, names: dict[str, object], *, where: str) -> object:
    """Run `code` in `names` and return the value of its last line, as a notebook shows it; None if it has none."""
    *before, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([*before, last], []), where, "exec"), names)
        return None
    exec(compile(ast.Module(before, []), where, "exec"), names)
    return eval(compile(ast.Expression(last.value), where, "eval"), names)
