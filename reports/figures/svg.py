"""Figures as SVG: whole files, and parts of a page that follow its colours, light or dark.

Letters are outlines, so that no text is wider than it was drawn and nothing overlaps, whatever fonts a reader has.
"""

from __future__ import annotations

import html
import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

from hpo.reports.figures.drawing import HEADLINE, without_glyph_warnings
from hpo.reports.figures.palette import COLOURS

PIXELS = 100
"""The pixels of an inch in what is no outline: a dense scatter, the scale of its colours."""
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_INHERITED = "fill: var(--ink); stroke-linejoin: round; stroke-linecap: butt"  # what is black says nothing of its fill
_VARIABLES = {colour.light: f"var(--{colour.name})" for colour in COLOURS} | {"#000000": "var(--ink)"}


def svg(figure: Figure) -> bytes:
    """Return `figure` as the bytes of an SVG file, the same ones whenever it is drawn."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "figures", "svg.fonttype": "path"}), without_glyph_warnings():
        figure.savefig(buffer, format="svg", dpi=PIXELS, metadata=_NO_METADATA)
    text = _without_comments(buffer.getvalue().decode())
    text = re.sub(r'\bd="[^"]*"', _shortened, text)
    return re.sub(r'\b([xy])="(-?\d+\.\d\d)\d+"', r'\1="\2"', text).encode()


def inline_svg(drawn: Figure | bytes, *, prefix: str, alt: str) -> str:
    """Return a figure, or what `svg` made of one, as an `<svg>` element for an HTML page, as wide as it is let.

    It leaves out the headline: the page has headings of its own. Its ids begin with `prefix`, so that figures with
    different ones do not meet; `alt` is what a screen reader reads. Its background is the page's, and its colours are
    the variables of `palette.COLOURS_CSS`.
    """
    text = (svg(drawn) if isinstance(drawn, Figure) else drawn).decode()
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    if size is None:
        raise ValueError("this is no figure that `svg` made: it has no viewBox")
    width, height = float(size[1]), float(size[2])
    body = text[text.index(">", size.end()) + 1 : text.rindex("</svg>")]
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)  # it would style the whole page
    body = re.sub(r'(<g id="(?:figure|axes)_\d+">\s*)<g id="patch_\d+">.*?</g>', r"\1", body, flags=re.DOTALL)
    definitions = "".join(re.findall(r"<defs>(.*?)</defs>", body, flags=re.DOTALL))
    body = re.sub(r"\s*<defs>.*?</defs>", "", body, flags=re.DOTALL)
    body, top = _without_headline(body)
    body = f"<defs>{definitions}</defs>{body}"
    used = set(re.findall(r"#([^\s\")]+)[\")]", body))
    body = re.sub(r' id="([^"]*)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", body)
    body = re.sub(r'xlink:href="#', f'href="#{prefix}-', body).replace("xlink:href=", "href=")
    body = re.sub(r"url\(#", f"url(#{prefix}-", body)
    body = re.sub(r'fill="(#[0-9a-f]{6})"', r'style="fill: \1"', body)  # an attribute takes no variables
    body = re.sub(r"(?<=: )#[0-9a-f]{6}\b", lambda found: _VARIABLES.get(found[0], found[0]), body)
    body = re.sub(r"\s*\n\s*", "", body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{prefix}-title" width="100%" '
        f'viewBox="0 {top:g} {width:g} {height - top:g}" style="{_INHERITED}">'
        f'<title id="{prefix}-title">{html.escape(alt)}</title>{body}</svg>'
    )


def _without_comments(text: str) -> str:
    """Return `text` without its comments and the blanks before them, in one walk: they hold names and titles."""
    first, *rest = text.split("<!--")
    kept = [first]
    for each in rest:
        kept[-1] = kept[-1].rstrip()
        kept.append(each.partition("-->")[2])
    return "".join(kept)


def _without_headline(body: str) -> tuple[str, float]:
    """Return `body` without the texts of the headline, and how much room they took at the top, in points."""
    found = re.findall(rf'id="{HEADLINE}([\d.]+)"', body)
    # Each line of a group is indented deeper than its first and its last.
    left = re.sub(rf'^( *)<g id="{HEADLINE}.*?^\1</g>\n', "", body, flags=re.DOTALL | re.MULTILINE)
    return left, max(map(float, found), default=0.0)


def _shortened(path: re.Match[str]) -> str:
    """Return a path on one line, to the hundredth of a point."""
    return re.sub(r"(\.\d\d)\d+", r"\1", re.sub(r"\s*\n", "", path[0]))
