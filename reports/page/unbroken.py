"""Words that a browser must not tear: it breaks lines inside `1e-06`, `2026-01-31`, `--out`, and before a unit."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_NUMBER = r"[-+]?\d[\d.]*(?:e[-+]?\d+)?"
_WHOLE = re.compile(
    rf"""
    \d{{4}}-\d\d-\d\d(?:\ \d\d:\d\d:\d\d)?          # a date, and its time
    | (?<![\w-]){_NUMBER}(?:\ \.\.\ {_NUMBER})?(?:\ (?:%|(?:s|min|h)\b)|(?![\w-]))  # a number or a range, and its unit
    | (?<![^\s])--?[a-z][\w-]*                       # an option of a command
    """,
    re.VERBOSE,
)


def unbroken(text: str) -> Markup:
    """Return `text` as HTML that keeps numbers, ranges, dates and options on one line.

    Not with invisible characters between their letters: who copies the text would get those, too.
    """
    pieces, end = [], 0
    for found in _WHOLE.finditer(text):
        if not re.search(r"[- ]", found[0]):
            continue  # nothing in it where a line could break
        pieces += [escape(text[end : found.start()]), Markup('<span class="whole">{}</span>').format(found[0])]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])
