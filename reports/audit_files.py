"""The files of an audit: its page, its tables and its figures."""

from __future__ import annotations

from collections.abc import Collection

from hpo.auditing.audit import Audit
from hpo.proof.rerun import Rerun
from hpo.reports.figures.audit import expected_alt, expected_figure, searched_alt, searched_figure
from hpo.reports.figures.drawn import Drawn
from hpo.reports.kinds import DEFAULT_FORMATS
from hpo.reports.page.audit import audit_page
from hpo.reports.page.page import page_html
from hpo.reports.tables.audit import again_table, audited_trials_table, effects_table, rerun_table
from hpo.reports.tables.formats import TABLE_FORMATS, csv_bytes_with_bom

PAGE = "audit.html"
FIGURES = "figures"
RERUN = "runs"
TABLES = {"trials": audited_trials_table, "run_again": again_table, "hyperparameters": effects_table}


def audit_files(
    audit: Audit,
    formats: Collection[str] = DEFAULT_FORMATS,
    *,
    bom: bool = False,
    rerun: Rerun | None = None,
) -> dict[str, bytes]:
    """Return the content of every file by its path: tables, figures and the page, in those `formats` that are named.

    With a `rerun` there is a table of its runs, too, and the page begins with what they say.
    """
    writers = {**TABLE_FORMATS, "csv": csv_bytes_with_bom} if bom else TABLE_FORMATS
    wanted = [kind for kind in TABLE_FORMATS if kind in formats]
    contents = {f"{name}.{kind}": writers[kind](make(audit)) for name, make in TABLES.items() for kind in wanted}
    if rerun is not None:
        contents |= {f"{RERUN}.{kind}": writers[kind](rerun_table(rerun, audit.search)) for kind in wanted}
    drawn = drawn_audit(audit) if {"png", "svg", "html"} & set(formats) else []
    for each in drawn:
        contents |= {f"{FIGURES}/{each.name}.png": each.png} if "png" in formats else {}
        contents |= {f"{FIGURES}/{each.name}.svg": each.svg} if "svg" in formats else {}
    if "html" in formats:
        contents[PAGE] = page_html(audit_page(audit, drawn, rerun)).encode()
    return contents


def drawn_audit(audit: Audit) -> list[Drawn]:
    """Return the figures that there is something to draw for."""
    expected, searched = expected_figure(audit), searched_figure(audit)
    heading = "What the best trials scored, and what their configs would score again"
    found = []
    if expected is not None:
        found.append(Drawn("expected", heading, expected, expected_alt(audit)))
    if searched is not None:
        found.append(Drawn("searched", "Where the best trials lie", searched, searched_alt(audit)))
    return found
