"""Text as a terminal may be given it: whoever wrote it into a database must not steer the terminal of who reads it."""

from __future__ import annotations

import unicodedata

_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that show letters in another order than they have: a name could be read as another one."""

_LAYOUT = "\n\t"


def is_unsafe(letter: str) -> bool:
    """Whether `letter` does something else than be seen: a control character, a mark of order, half of a pair."""
    return letter in _REORDERING or unicodedata.category(letter) in ("Cc", "Cs")


def printable(text: str) -> str:
    r"""Return `text` with what would steer a terminal written out, an escape as \x1b; lines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(letter) if letter not in _LAYOUT else letter for letter in text)


def on_one_line(text: str) -> str:
    r"""Return the same with the ends of lines written out too, for what is to be one line: a name, a cell."""
    return "".join(map(_written_out, text))


def _written_out(letter: str) -> str:
    return ascii(letter)[1:-1] if is_unsafe(letter) else letter
