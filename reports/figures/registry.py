"""Which figures a study has: what files, the report and the dashboard show is what is listed here.

`draw` gives a figure with the study's title over it, as a file needs it. Draw it once, and make of it what is wanted:
`drawing.png` and `svg.svg` are files with the title, `svg.inline_svg` is a part of a page that leaves it out, where
`heading` and `alt` say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from matplotlib.figure import Figure

from hpo.record.results import StudyResults
from hpo.reports.figures.boxes import boxes_alt, boxes_figure
from hpo.reports.figures.comparisons.grid_figure import grid_figure
from hpo.reports.figures.comparisons.learning_curves_figure import learning_curves_figure
from hpo.reports.figures.comparisons.loss_figure import loss_figure
from hpo.reports.figures.comparisons.overfitting_figure import overfitting_figure
from hpo.reports.figures.curves import curves_alt, curves_figure
from hpo.reports.figures.gaps import gaps_alt, gaps_figure
from hpo.reports.figures.good_values import good_values_alt, good_values_figure
from hpo.reports.figures.history import history_alt, history_figure
from hpo.reports.figures.hyperparameters import hyperparameters_alt, hyperparameters_figure
from hpo.reports.figures.importance import importance_alt, importance_figure
from hpo.reports.figures.subset_against_full import subset_against_full_alt, subset_against_full_figure
from hpo.reports.figures.time import time_alt, time_figure
from hpo.reports.words.comparison import comparison_verdict


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A figure that a study may have: `name` is its file's name, `draw` gives None where there is nothing to draw."""

    name: str
    heading: str
    """What a page writes over it."""
    draw: Callable[[StudyResults], Figure | None]
    alt: Callable[[StudyResults], str]
    """What it shows, and what it tells of this study in numbers, for who cannot see it; asked where it was drawn."""
    beside: str = ""
    """The figure that it follows on a page; a page shows what it has no place for at its end."""


SEARCH = (
    FigureKind("good_values", "The good values", good_values_figure, good_values_alt),
    FigureKind("boxes", "Where the search looked", boxes_figure, boxes_alt),
    FigureKind(
        "hyperparameters",
        "Every hyperparameter against the score",
        hyperparameters_figure,
        hyperparameters_alt,
        beside="boxes",
    ),
    FigureKind("history", "How the search went", history_figure, history_alt),
    FigureKind("curves", "Learning curves of the best trials", curves_figure, curves_alt),
    FigureKind(
        "subset_against_full",
        "The subset against all of the data",
        subset_against_full_figure,
        subset_against_full_alt,
    ),
    FigureKind("gaps", "Overfitting on all of the data", gaps_figure, gaps_alt),
    FigureKind("importance", "What mattered", importance_figure, importance_alt),
    FigureKind("time", "Where the time went", time_figure, time_alt),
)


def _comparison(name: str, heading: str, draw: Callable[[StudyResults], Figure], shows: str) -> FigureKind:
    """Return the figure of a comparison; an X in its texts stands for the metric."""
    return FigureKind(
        name, heading, draw, lambda results: f"{_about(results, heading)}{shows}. {comparison_verdict(results)}"
    )


def _about(results: StudyResults, text: str) -> str:
    named = text.replace("X", results.definition.metric.name)
    return named[:1].upper() + named[1:]


COMPARISONS = {
    "overfitting": _comparison("overfitting", "X by epoch", overfitting_figure, ", a panel for each config"),
    "training_loss": _comparison("training_loss", "Training loss by update", loss_figure, ", a line for each config"),
    "grid": _comparison("grid", "Train X by epoch", grid_figure, " of every config of the grid"),
    "convnet": _comparison("learning_curves", "X by epoch", learning_curves_figure, ", a panel for each config"),
}


def figure_kinds(results: StudyResults) -> Sequence[FigureKind]:
    """Return the figures of a search, or the one that a comparison's definition names, in the order of the report."""
    comparison = results.definition.comparison
    if comparison is None and results.definition.abilities.samples:
        return SEARCH
    if comparison is None:  # whatever is trained, it is trained on all of the data
        return [replace(kind, heading=kind.heading.removesuffix(" on all of the data")) for kind in SEARCH]
    kind = COMPARISONS[comparison.figure]
    return (replace(kind, heading=_about(results, kind.heading)),)
