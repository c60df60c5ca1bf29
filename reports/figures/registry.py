"""Which figures a study has: what files, the report and the dashboard show is what is listed here.

`draw` gives a figure with the study's title over it, as a file needs it. Draw it once, and make of it what is wanted:
`drawing.png` and `svg.svg` are files with the title, `svg.inline_svg` is a part of a page that leaves it out, where
`heading` and `alt` say the same.
"""

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
    heading: str
    """What a page writes over it."""
    draw: Callable[[StudyResults], Figure | None]
    alt: Callable[[StudyResults], str]
    """What it shows, and what it tells of this study, for who cannot see it."""


SEARCH = (
    FigureKind("boxes", "Where the search looked", boxes_figure, lambda _: "where the search looked, round by round"),
    FigureKind(
        "curves",
        "Learning curves of the best trials",
        curves_figure,
        lambda _: "learning curves of the best twenty trials",
    ),
)
COMPARISONS = {
    "overfitting": FigureKind(
        "overfitting", "Accuracy by epoch", overfitting_figure, lambda _: "accuracy against epochs, by config"
    ),
    "training_loss": FigureKind(
        "training_loss", "Training loss by update", loss_figure, lambda _: "training loss against updates, by config"
    ),
    "grid": FigureKind(
        "grid", "Train accuracy by epoch", grid_figure, lambda _: "learning curves of every config of the grid"
    ),
    "convnet": FigureKind(
        "learning_curves", "Accuracy by epoch", learning_curves_figure, lambda _: "learning curves of every config"
    ),
}


def figure_kinds(results: StudyResults) -> Sequence[FigureKind]:
    """Return the figures of a search, or the one that a comparison's definition names, in the order of the report."""
    comparison = results.definition.comparison
    return SEARCH if comparison is None else (COMPARISONS[comparison.figure],)
