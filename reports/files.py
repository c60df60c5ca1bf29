"""Everything a study found as files in one folder: tables, figures, the report, the definition as run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from hpo.record.results import StudyResults
from hpo.reports.figures.drawn import Drawn, drawn_figures, drawn_side_by_side
from hpo.reports.kinds import DEFAULT_FORMATS
from hpo.reports.page.page import report_html
from hpo.reports.tables.formats import TABLE_FORMATS, csv_bytes_with_bom
from hpo.reports.tables.search import (
    comparison_table,
    curves_table,
    evaluations_table,
    good_values_table,
    ledger_table,
    race_table,
    relevance_table,
    rounds_table,
    trials_table,
)
from hpo.reports.tables.studies import studies_table
from hpo.reports.use import use_json, use_toml
from hpo.reports.words.reproducing import study_toml
from hpo.reports.writing.atomic import make_folder, write_atomically

Tables = Mapping[str, Callable[[StudyResults], pd.DataFrame]]
"""Tables by the names of their files."""

TABLES: Tables = {
    "trials": trials_table,
    "rounds": rounds_table,
    "good_values": good_values_table,
    "race": race_table,
    "relevance": relevance_table,
    "evaluations": evaluations_table,
    "curves": curves_table,
    "ledger": ledger_table,
}
"""The tables of a search."""

COMPARISON_TABLES: Tables = {"comparison": comparison_table, "curves": curves_table, "ledger": ledger_table}
"""Those of a comparison."""

FIGURE_FORMATS: dict[str, Callable[[Drawn], bytes]] = {"png": lambda drawn: drawn.png, "svg": lambda drawn: drawn.svg}
FIGURES, REPORT = "figures", "report.html"


def tables_of(results: StudyResults) -> Tables:
    """Return the tables that a study has: a search and a comparison have different things to tell."""
    return TABLES if results.definition.comparison is None else COMPARISON_TABLES


def report_files(
    results: StudyResults, formats: Collection[str] = DEFAULT_FORMATS, *, bom: bool = False
) -> dict[str, bytes]:
    """Return the content of every file by its path in the study's folder; texts are UTF-8.

    `formats` are some of those in hpo.reports.kinds: the first four give a file for each table, html the report, png
    and svg the figures. Always there: the definition as run and, of a search, what to use. With `bom`, CSV begins with
    a byte-order mark.
    """
    tables = {name: partial(table, results) for name, table in tables_of(results).items()}
    contents = _table_files(tables, formats, bom=bom)
    contents["study.toml"] = study_toml(results).encode()
    if results.definition.comparison is None:
        contents |= {"use.toml": use_toml(results), "use.json": use_json(results)}
    return contents | _drawn_files([results], partial(drawn_figures, results), formats)


def side_by_side_files(
    studies: Sequence[StudyResults], formats: Collection[str] = DEFAULT_FORMATS, *, bom: bool = False
) -> dict[str, bytes]:
    """Return the same of several studies side by side: one table, one figure, one page."""
    contents = _table_files({"studies": partial(studies_table, studies)}, formats, bom=bom)
    return contents | _drawn_files(studies, partial(drawn_side_by_side, studies), formats)


def _table_files(
    tables: Mapping[str, Callable[[], pd.DataFrame]], formats: Collection[str], *, bom: bool
) -> dict[str, bytes]:
    writers = {**TABLE_FORMATS, "csv": csv_bytes_with_bom} if bom else TABLE_FORMATS
    wanted = [kind for kind in TABLE_FORMATS if kind in formats]
    made = {name: table() for name, table in tables.items()} if wanted else {}
    return {f"{name}.{kind}": writers[kind](table) for name, table in made.items() for kind in wanted}


def _drawn_files(
    studies: Sequence[StudyResults], draw: Callable[[], Sequence[Drawn]], formats: Collection[str]
) -> dict[str, bytes]:
    wanted = [kind for kind in FIGURE_FORMATS if kind in formats]
    drawn = draw() if wanted or "html" in formats else []
    contents = {f"{FIGURES}/{each.name}.{kind}": FIGURE_FORMATS[kind](each) for each in drawn for kind in wanted}
    return contents | ({REPORT: report_html(studies, drawn=drawn).encode()} if "html" in formats else {})


def write_reports(
    results: StudyResults, out_dir: Path, formats: Collection[str] = DEFAULT_FORMATS, *, bom: bool = False
) -> list[Path]:
    """Write every file of `report_files` into `out_dir`, which is created, and return their paths."""
    return write_files(report_files(results, formats, bom=bom), out_dir)


def write_files(contents: Mapping[str, bytes], out_dir: Path) -> list[Path]:
    """Write `contents`, by their paths in `out_dir`, and return the whole paths.

    Each replaces its old version whole. Raises UserError, naming the path, where the disk is full or the folder cannot
    be written.
    """
    paths = [out_dir / name for name in contents]
    for folder in dict.fromkeys(path.parent for path in paths):
        make_folder(folder)
    for path, content in zip(paths, contents.values(), strict=True):
        write_atomically(path, content)
    return paths
