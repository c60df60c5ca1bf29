"""The page of a comparison, shorter than that of a search: no config is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.record.results import StudyResults
from hpo.reports.figures.drawn import Drawn
from hpo.reports.page.blocks import Block, Grid, Page, Paragraph, Section, paragraphs
from hpo.reports.page.cells import Table, sentence
from hpo.reports.page.costs import ledger_section, time_section
from hpo.reports.page.pictures import Pictures
from hpo.reports.page.reproduce import reproduce_section
from hpo.reports.sheets.comparison import HEADERS, cells
from hpo.reports.words.formatting import compact_label, config_label, data_text
from hpo.reports.words.ledger import ledger_text
from hpo.reports.words.paired import differences, explanation
from hpo.reports.words.verdict import verdict


def comparison_page(results: StudyResults, drawn: Sequence[Drawn]) -> Page:
    """Return the page of the comparison `results`, finished or not."""
    pictures = Pictures(drawn)
    found: list[Block] = [Paragraph(verdict(results), "lead")]
    if results.state != "done":
        found.append(Paragraph(f"To go on: {results.command}", "warning"))
    if not results.compared:
        found.append(Paragraph("No training has ended yet, so there is nothing to compare.", "warning"))
    sections = [
        Section("found", "What was found", [*found, *pictures.take_rest()]),
        _configs(results),
        time_section(results, pictures),
        ledger_section(results, ledger_text(results)),
        reproduce_section(results),
    ]
    subtitle = f"comparison {results.definition.name} on {data_text(results)}"
    return Page(results.definition.title, subtitle, [each for each in sections if each.blocks])


def _configs(results: StudyResults) -> Section:
    if not results.compared:
        return Section("configs", "The configs", [])
    rows = [[compact_label(each.config) or "-", *cells(results.definition.metric, each)] for each in results.compared]
    table = Table("Configs", ["config", *HEADERS], rows, left=["config"], notes=[explanation(results)])
    failed = [
        f"{config_label(each.config)}: {sum(bool(run.reason) for run in each.runs)} of {len(each.runs)} runs failed."
        for each in results.compared
        if any(run.reason for run in each.runs)
    ]
    told = results.definition.comparison is not None and results.definition.comparison.figure == "overfitting"
    pairs = [] if told else [sentence(text) for text in differences(results)]  # else the verdict has them
    return Section("configs", "The configs", [Grid(table), *paragraphs(pairs), *paragraphs(failed, "warning")])
