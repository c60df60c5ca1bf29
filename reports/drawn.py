"""The figures of a study, each drawn once: files and the report take the same ones."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from hpo.study_results import StudyResults
from reports.figures.registry import figure_kinds


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with the name of its file, what a page writes over it, and the words for who cannot see it."""

    name: str
    heading: str
    figure: Figure
    alt: str


def drawn_figures(results: StudyResults) -> list[Drawn]:
    """Return the figures that there is something to draw for, in the order of the report."""
    found = [(kind, kind.draw(results)) for kind in figure_kinds(results)]
    return [Drawn(kind.name, kind.heading, figure, kind.alt(results)) for kind, figure in found if figure is not None]
