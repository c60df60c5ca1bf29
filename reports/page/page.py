"""A page as HTML: one file with its styles and figures inside, which asks nobody for anything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from hpo.record.results import StudyResults
from hpo.reports.figures.drawn import Drawn, drawn_figures, drawn_side_by_side
from hpo.reports.figures.palette import COLOURS_CSS
from hpo.reports.page.blocks import Page
from hpo.reports.page.comparison import comparison_page
from hpo.reports.page.search import search_page
from hpo.reports.page.side_by_side import side_by_side_page
from hpo.reports.page.unbroken import unbroken

TEMPLATES = Path(__file__).parent / "templates"


def report_html(studies: Sequence[StudyResults], *, drawn: Sequence[Drawn] | None = None) -> str:
    """Return the report of one study, or of several side by side, as the text of an HTML file.

    `drawn` are their figures (`drawn_figures`, or of several `drawn_side_by_side`), if they are at hand.
    """
    if len(studies) > 1:
        return page_html(side_by_side_page(studies, drawn_side_by_side(studies) if drawn is None else drawn))
    (results,) = studies
    make = search_page if results.definition.comparison is None else comparison_page
    return page_html(make(results, drawn_figures(results) if drawn is None else drawn))


def page_html(page: Page) -> str:
    """Return `page` as the text of an HTML file."""
    return _template().render(page=page, colours=Markup(COLOURS_CSS), style=Markup(_style()))


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_url"] = lambda text: f"data:text/plain;charset=utf-8,{quote(text)}"
    environment.filters["unbroken"] = unbroken
    return environment.get_template("page.html")


@cache
def _style() -> str:
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")
