"""Tables and texts in the Markdown that optuna-dashboard renders (GitHub's flavour, without HTML)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

_GAP = "\u2002\u2002"
"""Between two columns: the dashboard's style leaves next to nothing."""


def escaped(text: str) -> str:
    """Return `text` so that Markdown shows it letter by letter, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>|~#])", r"\\\1", " ".join(text.split()))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Return a table of cells that are Markdown already; all but the first `left` columns are aligned to the right."""
    rule = [":--" if i < left else "--:" for i in range(len(header))]
    spaced = [[_GAP * (i > 0) + cell for i, cell in enumerate(cells)] for cells in (header, *rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (spaced[0], rule, *spaced[1:]))


def link(text: str, *parts: str, query: str = "") -> str:
    """Return a link to the path of `parts` on the server that shows the note."""
    return f"[{text}](/{'/'.join(quote(part, safe='') for part in parts)}{query})"
