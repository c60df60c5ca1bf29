"""The colours and dashes of lines, after Okabe and Ito: people with any colour vision tell them apart."""

from __future__ import annotations

from typing import Literal

TRAIN, VALIDATION, TEST = "#d55e00", "#0072b2", "#007a5a"
Dashes = Literal["-", "--", "-."] | tuple[int, tuple[float, ...]]

LINES = ("#0072b2", "#d55e00", "#007a5a", "#a8578c", "#b8860b", "#2f87b8", "#222222", "#8a5a2b")
DASHES: tuple[Dashes, ...] = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)))


def line_colour(i: int) -> str:
    """Return the colour of line `i`."""
    return LINES[i % len(LINES)]


def line_dashes(i: int) -> Dashes:
    """Return the dashes of line `i`, which tell it apart without any colour."""
    return DASHES[(i + i // len(LINES)) % len(DASHES)]
