"""Everything a study found as files in one folder: four tables, the definition as run, two figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from hpo.study_results import StudyResults
from reports.atomic import make_folder, write_atomically
from reports.boxes_figure import boxes_figure
from reports.curves_figure import curves_figure
from reports.drawing import png
from reports.tables import evaluations_table, good_values_table, rounds_table, trials_table
from reports.toml import toml_text

FILES: Mapping[str, Callable[[StudyResults], bytes]] = {
    "trials.csv": lambda results: _csv(trials_table(results)),
    "rounds.csv": lambda results: _csv(rounds_table(results)),
    "good_values.csv": lambda results: _csv(good_values_table(results)),
    "evaluations.csv": lambda results: _csv(evaluations_table(results)),
    "study.toml": lambda results: study_toml(results).encode(),
    "boxes.png": lambda results: png(boxes_figure(results)),
    "curves.png": lambda results: png(curves_figure(results)),
}
"""The content of each file that `write_reports` writes; texts are UTF-8."""


def write_reports(results: StudyResults, out_dir: Path) -> list[Path]:
    """Write every file of FILES into `out_dir`, which is created, and return their paths.

    All are rendered before the first is written, and each replaces its old version whole. Raises UserError, naming the
    path, where the disk is full or the folder cannot be written.
    """
    contents = {name: render(results) for name, render in FILES.items()}
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
