"""The colours and dashes of figures, after Okabe and Ito: people with any colour vision tell them apart.

Figures are drawn in the light colours. In a page each becomes a CSS variable of the same name, so that a dark page
shows the same figure in the dark ones; `COLOURS_CSS` is what such a page includes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour as it is on white paper and, under the same name, on a dark screen."""

    name: str
    light: str
    dark: str


COLOURS = (
    Colour("ink", "#222222", "#e6e6e6"),
    Colour("grey", "#6b6b6b", "#a6a6a6"),
    Colour("faint", "#b4b4b4", "#5c5c5c"),
    Colour("grid", "#e8e8e8", "#343434"),
    Colour("paper", "#ffffff", "#161618"),
    Colour("train", "#d55e00", "#ff9447"),
    Colour("validation", "#0072b2", "#5ab4f0"),
    Colour("test", "#007a5a", "#35c79a"),
    Colour("good", "#d0105a", "#ff6b9f"),
    Colour("line-a", "#a8578c", "#dd97c4"),
    Colour("line-b", "#b8860b", "#e3b341"),
    Colour("line-c", "#2f87b8", "#86cbee"),
    Colour("line-d", "#8a5a2b", "#cf9c68"),
)
"""Every colour of the figures but those of a scale (viridis), which lie on dots with an edge of ink."""

LIGHT: Mapping[str, str] = {colour.name: colour.light for colour in COLOURS}
INK, GREY, FAINT, GRID, PAPER = (LIGHT[name] for name in ("ink", "grey", "faint", "grid", "paper"))
TRAIN, VALIDATION, TEST, GOOD = (LIGHT[name] for name in ("train", "validation", "test", "good"))

Dashes = Literal["-", "--", "-."] | tuple[int, tuple[float, ...]]

LINES = (VALIDATION, TRAIN, TEST, *(LIGHT[f"line-{letter}"] for letter in "abc"), INK, LIGHT["line-d"])
DASHES: tuple[Dashes, ...] = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)))


def line_colour(i: int) -> str:
    """Return the colour of line `i`."""
    return LINES[i % len(LINES)]


def line_dashes(i: int) -> Dashes:
    """Return the dashes of line `i`, which tell it apart without any colour."""
    return DASHES[(i + i // len(LINES)) % len(DASHES)]


def _declarations(dark: bool) -> str:
    return " ".join(f"--{colour.name}: {colour.dark if dark else colour.light};" for colour in COLOURS)


COLOURS_CSS = f""":root {{ {_declarations(False)} }}
@media screen and (prefers-color-scheme: dark) {{
  :root {{ {_declarations(True)} }}
}}
"""
"""The variables that `inline_svg` refers to: light, and dark on screens whose owner wants that; paper stays light."""
