"""What all figures share: fonts for any script, titles, rendering to PNG, and a layout that stands still."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from rich.cells import cell_len

from hpo.record.results import StudyResults
from hpo.reports.figures.palette import GREY, INK, PAPER
from hpo.reports.words.formatting import data_text

DPI = 150
HALO = (withStroke(linewidth=2.5, foreground=PAPER),)
_TOP, _BELOW = 0.12, 0.05
HEADLINE = "headline-"
"""How the ids of the texts over the panels begin; what follows is where they end, in points from the top."""

_CJK_FONTS = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Unifont",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "Arial Unicode MS",
)


@cache
def font_families() -> tuple[str, ...]:
    """Return matplotlib's own font and, behind it for what it lacks, the first installed one with CJK letters."""
    installed = {font.name for font in fontManager.ttflist}
    return ("DejaVu Sans", *[name for name in _CJK_FONTS if name in installed][:1])


def people_text(**style: Any) -> dict[str, Any]:
    """Return the style of a text that people wrote: any script, and a dollar sign is a dollar sign."""
    return {"family": list(font_families()), "parse_math": False, **style}


def set_title(figure: Figure, results: StudyResults, detail: str) -> None:
    """Put the study's title over `figure`, and under it in grey what was measured on which data."""
    set_headlines(figure, *headlines(results, detail))


def headlines(results: StudyResults, detail: str) -> tuple[str, str]:
    """Return the study's title, and what was measured on which data."""
    return results.definition.title, f"study {results.definition.name} on {data_text(results)}: {detail}"


def set_headlines(figure: Figure, title: str, detail: str) -> None:
    """Put `title` over `figure`, and `detail` under it in grey; the panels get the room below."""
    width, height = figure.get_size_inches()
    top = height - _TOP
    for lines, size, colour in _headlines(width, title, detail):
        style = people_text(fontsize=size, color=colour, va="top", linespacing=1.2)
        written = figure.text(0.12 / width, top / height, lines, **style)
        top -= _block(lines, size)
        written.set_gid(f"{HEADLINE}{72 * (height - top + _BELOW):.1f}")
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, (top - _BELOW) / height))


def headline_height(width: float, title: str, detail: str) -> float:
    """Return the inches that `set_headlines` takes over the panels of a figure `width` inches wide."""
    return _TOP + _BELOW + sum(_block(lines, size) for lines, size, _ in _headlines(width, title, detail))


def _headlines(width: float, title: str, detail: str) -> list[tuple[str, float, str]]:
    return [
        (wrapped(text, int(width * 115 / size)), size, colour)
        for text, size, colour in ((title, 13.0, INK), (detail, 9.5, GREY))
    ]


def _block(lines: str, size: float) -> float:
    return (lines.count("\n") + 1) * size * 1.45 / 72


def wrapped(text: str, width: int) -> str:
    """Return `text` in lines of at most `width` small letters; a capital takes the room of 1.3, a CJK letter of two."""
    lines = [""]
    for word in re.findall(r"\S+", text):
        if lines[-1] and _room(f"{lines[-1]} {word}") > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
        while _room(lines[-1]) > width:  # a word longer than a line
            fits = next(n for n in range(1, len(lines[-1]) + 1) if _room(lines[-1][: n + 1]) > width)
            lines[-1:] = [lines[-1][:fits], lines[-1][fits:]]
    return "\n".join(lines)


def _room(text: str) -> float:
    return sum(1.3 if letter.isupper() else max(1, cell_len(letter)) for letter in text)


@contextmanager
def without_glyph_warnings() -> Iterator[None]:
    """Keep still about letters that no installed font has; they are drawn as boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from", category=UserWarning)
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` x `height` inches that needs no screen and no global state."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def settle(figure: Figure) -> None:
    """Fix the layout of `figure`, so that labels can be measured."""
    with without_glyph_warnings():
        figure.draw_without_rendering()
    figure.set_layout_engine("none")


def png(figure: Figure) -> bytes:
    """Return `figure` as the bytes of a PNG file."""
    buffer = io.BytesIO()
    with without_glyph_warnings():
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
