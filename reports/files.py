"""Everything a study found as files in one folder: tables, the definition as run, figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from hpo.study_results import StudyResults
from reports.atomic import make_folder, write_atomically
from reports.comparisons.grid_figure import grid_figure
from reports.comparisons.learning_curves_figure import learning_curves_figure
from reports.comparisons.loss_figure import loss_figure
from reports.comparisons.overfitting_figure import overfitting_figure
from reports.figures.boxes import boxes_figure
from reports.figures.curves import curves_figure
from reports.figures.drawing import png
from reports.tables import (
    comparison_curves_table,
    comparison_table,
    evaluations_table,
    good_values_table,
    race_table,
    relevance_table,
    rounds_table,
    trials_table,
)
from reports.toml import toml_text

Files = Mapping[str, Callable[[StudyResults], bytes]]
"""The content of each file by its name; texts are UTF-8."""

FILES: Files = {
    "trials.csv": lambda results: _csv(trials_table(results)),
    "rounds.csv": lambda results: _csv(rounds_table(results)),
    "good_values.csv": lambda results: _csv(good_values_table(results)),
    "race.csv": lambda results: _csv(race_table(results)),
    "relevance.csv": lambda results: _csv(relevance_table(results)),
    "evaluations.csv": lambda results: _csv(evaluations_table(results)),
    "study.toml": lambda results: study_toml(results).encode(),
    "boxes.png": lambda results: png(boxes_figure(results)),
    "curves.png": lambda results: png(curves_figure(results)),
}
"""What `write_reports` writes of a search."""

COMPARISON_FILES: Files = {
    "comparison.csv": lambda results: _csv(comparison_table(results)),
    "curves.csv": lambda results: _csv(comparison_curves_table(results)),
    "study.toml": lambda results: study_toml(results).encode(),
}
"""What it writes of a comparison, beside the figure."""

COMPARISON_FIGURES: Mapping[str, Files] = {
    "overfitting": {"overfitting.png": lambda results: png(overfitting_figure(results))},
    "training_loss": {"training_loss.png": lambda results: png(loss_figure(results))},
    "grid": {"grid.png": lambda results: png(grid_figure(results))},
    "convnet": {"learning_curves.png": lambda results: png(learning_curves_figure(results))},
}
"""The figure of a comparison, by what its definition says that it is drawn as."""


def files_of(results: StudyResults) -> Files:
    """Return the files that a study gets: a search and a comparison have different things to tell."""
    comparison = results.definition.comparison
    return FILES if comparison is None else {**COMPARISON_FILES, **COMPARISON_FIGURES[comparison.figure]}


def write_reports(results: StudyResults, out_dir: Path) -> list[Path]:
    """Write every file of `files_of(results)` into `out_dir`, which is created, and return their paths.

    All are rendered before the first is written, and each replaces its old version whole. Raises UserError, naming the
    path, where the disk is full or the folder cannot be written.
    """
    contents = {name: render(results) for name, render in files_of(results).items()}
    make_folder(out_dir)
    for name, content in contents.items():
        write_atomically(out_dir / name, content)
    return [out_dir / name for name in contents]


def study_toml(results: StudyResults) -> str:
    """Return the definition as run, a study file like the one it came from; comments say on what data and software."""
    source, data = results.source, results.data
    comments = {
        "study": results.definition.name,
        "data": f"{source['provenance']} ({source['place']}), {source['paths']}",
        "sha256 of the data": source["sha256"],
        "images": f"{data['pool']} to train on, {data['holdout']} held out for validation; {data['classes']} classes",
        "seed": str(results.definition.seed),
        "versions": ", ".join(f"{name} {version}" for name, version in results.versions.items()),
    }
    if not results.complete_data:
        comments["note"] = (
            f"{source['provenance']} stood in for {source['name']}: holdout and samples were cut to its size"
        )
    return toml_text(results.definition.record(), comments)


def _csv(table: pd.DataFrame) -> bytes:
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode()
