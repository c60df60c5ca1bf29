"""Tables of benchmarks, wide enough for their columns where nobody said how wide the terminal is."""

from __future__ import annotations

from rich.console import Console

WIDE = 120


def console() -> Console:
    """Return the terminal, or what is as wide as WIDE where there is none."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=max(found.width, WIDE))
