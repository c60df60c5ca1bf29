"""The figures of a study, each drawn once: files and the report take the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from matplotlib.figure import Figure

from hpo.study_results import StudyResults
from reports.figures.drawing import png, settle
from reports.figures.registry import figure_kinds
from reports.figures.svg import svg


@dataclass(frozen=True)
class Drawn:
    """A figure with the name of its file, what a page writes over it, and the words for who cannot see it."""

    name: str
    heading: str
    figure: Figure
    alt: str

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
    found = [(kind, kind.draw(results)) for kind in figure_kinds(results)]
    drawn = [Drawn(kind.name, kind.heading, figure, kind.alt(results)) for kind, figure in found if figure is not None]
    for each in drawn:
        settle(each.figure)  # else each rendering would lay it out anew
    return drawn
