"""Which figures a study has: what files, the report and the dashboard show is what is listed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from hpo.study_results import StudyResults
from reports.comparisons.grid_figure import grid_figure
from reports.comparisons.learning_curves_figure import learning_curves_figure
from reports.comparisons.loss_figure import loss_figure
from reports.comparisons.overfitting_figure import overfitting_figure
from reports.figures.boxes import boxes_figure
from reports.figures.curves import curves_figure


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A figure that a study may have: `name` is its file's name, `draw` gives None where there is nothing to draw."""

    name: str
    draw: Callable[[StudyResults], Figure | None]
    alt: Callable[[StudyResults], str]
    """What it shows, and what it tells of this study, for who cannot see it."""


SEARCH = (
    FigureKind("boxes", boxes_figure, lambda _: "where the search looked, round by round"),
    FigureKind("curves", curves_figure, lambda _: "learning curves of the best twenty trials"),
)
COMPARISONS = {
    "overfitting": FigureKind("overfitting", overfitting_figure, lambda _: "accuracy against epochs, by config"),
    "training_loss": FigureKind("training_loss", loss_figure, lambda _: "training loss against updates, by config"),
    "grid": FigureKind("grid", grid_figure, lambda _: "learning curves of every config of the grid"),
    "convnet": FigureKind("learning_curves", learning_curves_figure, lambda _: "learning curves of every config"),
}


def figure_kinds(results: StudyResults) -> Sequence[FigureKind]:
    """Return the figures of a search, or the one that a comparison's definition names, in the order of the report."""
    comparison = results.definition.comparison
    return SEARCH if comparison is None else (COMPARISONS[comparison.figure],)
