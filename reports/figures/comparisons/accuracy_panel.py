"""One panel of the metric by epoch: train, validation and test of one config, with bands and their names."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.text import Annotation

from hpo.proof.comparison import ComparedConfig
from hpo.record.results import StudyResults
from hpo.reports.facts.curves import Band, Quantity, band, diverged
from hpo.reports.figures import palette
from hpo.reports.figures.comparisons.line_labels import LineEnd, label_ends
from hpo.reports.figures.drawing import people_text
from hpo.reports.figures.palette import GRID, INK
from hpo.reports.words.formatting import compact_label, config_label

QUANTITIES: tuple[tuple[str, Quantity, str, palette.Dashes], ...] = (
    ("train", "train_accuracy", palette.TRAIN, "--"),
    ("validation", "validation_accuracy", palette.VALIDATION, "-"),
    ("test", "test_accuracy", palette.TEST, (0, (4, 1, 1, 1))),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn in a panel: the bands by name, and the labels at the ends of the lines."""

    bands: dict[str, Band]
    labels: list[Annotation]


def draw_accuracies(axes: Axes, results: StudyResults, compared: ComparedConfig, *, labelled: bool) -> Drawn:
    """Draw the metric's values of a config by epoch, mean over its runs, and from the smallest to the largest.

    Where they are not `labelled` at their ends, the lines carry labels for a legend.
    """
    bands: dict[str, Band] = {}
    for name, of, colour, dashes in QUANTITIES:
        found = band(results, compared, of)
        if found is None:
            continue
        bands[name] = found
        if found.runs > 1:
            axes.fill_between(found.epochs, found.low, found.high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(found.epochs, found.mean, color=colour, linestyle=dashes, linewidth=1.6, label=name)
    axes.set_xlim(0, max(run.epochs for run in compared.runs))
    axes.tick_params(labelsize=8, colors=INK)
    axes.grid(color=GRID, linewidth=0.6)
    heading = config_label(compared.config) if labelled else compact_label(compared.config)
    failed = diverged(compared)
    heading += f" ({failed})" if failed else ""
    axes.set_title(heading.strip(), loc="left", color=INK, **people_text(fontsize=10 if labelled else 9))
    ends = [LineEnd(name, float(bands[name].mean[-1]), colour) for name, _, colour, _ in QUANTITIES if name in bands]
    return Drawn(bands, label_ends(axes, ends) if labelled else [])
