"""What a page is made of: sections of paragraphs, tables, figures and texts to copy. The template shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from hpo.reports.page.cells import Table


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text; `tone` is "" for plain, "lead" for the sentence that counts, "note" for small print, or "warning"."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Short answers under their questions."""

    kind: ClassVar[str] = "facts"
    items: Sequence[tuple[str, str]]
    large: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """A text to copy: one click selects it whole."""

    kind: ClassVar[str] = "code"
    label: str
    text: str
    file: str | None = None
    """The name under which a browser saves it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    kind: ClassVar[str] = "grid"
    table: Table


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, as an SVG element with its own words for who cannot see it."""

    kind: ClassVar[str] = "picture"
    heading: str
    svg: Markup
    tall: bool = False
    """Whether it is higher than wide, so that it is read only if it may take a whole page."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What only some will want to see, under a line that says what it is."""

    kind: ClassVar[str] = "folded"
    summary: str
    blocks: Sequence[Block]


Block = Paragraph | Facts | Code | Grid | Picture | Folded


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page under a heading; `anchor` is its id in the page."""

    anchor: str
    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page: its title, what stands under it, and its sections."""

    title: str
    subtitle: str
    sections: Sequence[Section]


def paragraphs(texts: Sequence[str], tone: str = "") -> list[Paragraph]:
    """Return a paragraph for each of `texts`."""
    return [Paragraph(text, tone) for text in texts]
