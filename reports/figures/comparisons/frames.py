"""What the figures of comparisons by epoch have in common: their axis, and what they say before anything has ended."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hpo.record.results import StudyResults
from hpo.reports.figures.drawing import set_title
from hpo.reports.figures.palette import GREY, INK


def label_epochs(axes: Axes) -> None:
    """Name the axis of epochs and give it ticks at whole ones."""
    axes.set_xlabel("epoch", fontsize=9, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def say_nothing_ended(figure: Figure, axes: Axes, results: StudyResults, detail: str) -> Figure:
    """Return `figure` with its title, and with a word on the empty `axes`."""
    axes.text(0.5, 0.5, "No training has ended yet.", ha="center", va="center", color=GREY)
    set_title(figure, results, detail)
    return figure
