"""The figures of a study, each drawn once: files and the report take the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from matplotlib.figure import Figure

from hpo.record.results import StudyResults
from hpo.reports.figures.drawing import png, settle
from hpo.reports.figures.registry import figure_kinds
from hpo.reports.figures.studies import studies_alt, studies_figure
from hpo.reports.figures.svg import svg


@dataclass(frozen=True)
class Drawn:
    """A figure with the name of its file, what a page writes over it, and the words for who cannot see it."""

    name: str
    heading: str
    figure: Figure
    alt: str
    beside: str = ""

    @cached_property
    def svg(self) -> bytes:
        """The figure as the bytes of an SVG file."""
        return svg(self.figure)

    @property
    def png(self) -> bytes:
        """The figure as the bytes of a PNG file."""
        return png(self.figure)


def drawn_figures(results: StudyResults) -> list[Drawn]:
    """Return the figures that there is something to draw for, in the order of the report."""
    drawn = [(kind, kind.draw(results)) for kind in figure_kinds(results)]
    return [
        _settled(Drawn(kind.name, kind.heading, figure, kind.alt(results), kind.beside))
        for kind, figure in drawn
        if figure is not None
    ]


def drawn_side_by_side(studies: Sequence[StudyResults]) -> list[Drawn]:
    """Return the figure of several studies, if there is something to draw."""
    figure = studies_figure(studies)
    if figure is None:
        return []
    metric = studies[0].definition.metric
    return [_settled(Drawn("studies", f"Test {metric.name}", figure, studies_alt(studies)))]


def _settled(drawn: Drawn) -> Drawn:
    if drawn.figure.get_layout_engine() is not None:
        settle(drawn.figure)  # else each rendering would lay it out anew
    return drawn
