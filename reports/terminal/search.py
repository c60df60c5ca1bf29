"""What a run prints at its end: the verdict, the good values, results on all of the data. Every line fits 80 columns.

The texts keep to ASCII, so that a pipe or an old console shows them too.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.sheets.all_data import all_data_sheet
from hpo.reports.sheets.good_values import good_values_sheet
from hpo.reports.sheets.rounds import reasons, rounds_sheet
from hpo.reports.sheets.sheet import Sheet
from hpo.reports.terminal.comparison import comparison_panel
from hpo.reports.terminal.layout import WIDTH, config_table, panel, paragraphs
from hpo.reports.words.abilities import trains_again
from hpo.reports.words.ledger import ledger_text
from hpo.reports.words.no_effect import no_effect_note
from hpo.reports.words.verdict import race_text, short_verdict, verdict
from hpo.reports.words.what_next import what_next

__all__ = [
    "PANELS",
    "comparison_panel",
    "conclusion_panel",
    "ending",
    "full_panel",
    "good_values_panel",
    "next_panel",
    "rounds_panel",
    "verdict",
]


def conclusion_panel(results: StudyResults) -> RenderableType:
    """Return what nobody may miss: the values to use, how sure that is, what is wrong."""
    first, *rest = short_verdict(results, changes=False)
    told = [Text(" ".join(rest))] if rest else []
    return Constrain(Group(Text(""), Text(first, style="bold"), *told), WIDTH)


def next_panel(results: StudyResults) -> RenderableType:
    """Return what could be done next."""
    told = " ".join(what_next(results))
    return Constrain(Group(Text(""), Text(f"Next: {told}")) if told else Group(), WIDTH)


def rounds_panel(results: StudyResults) -> RenderableType:
    """Return where each round looked, its best score, and below the table what was done to its box and why."""
    sheet = rounds_sheet(results)
    if not sheet.rows:
        return panel(sheet.title, [Text("No round is open yet.")])
    why: list[tuple[str, str]] = []
    for number, text in reasons(results):
        why += [(f"round {number}" if i == 0 else "", each) for i, each in enumerate(text.split("; "))]
    return panel(sheet.title, [_table(sheet), Text(""), paragraphs(why), Text(""), *_small(sheet)])


def good_values_panel(results: StudyResults) -> RenderableType:
    """Return the configs that are statistically tied with the best, with the score of their confirmation runs."""
    sheet = good_values_sheet(results)
    if not sheet.rows:
        return panel(sheet.title, [Text("None yet: they are known when all rounds are over and the best have raced.")])
    notes = [race_text(results), *sheet.notes, *no_effect_note(results)]
    return panel(sheet.title, [_table(sheet), Text(""), *map(Text, notes), *_small(sheet)])


def full_panel(results: StudyResults, *, tried: bool = True) -> RenderableType:
    """Return what was trained on all of the data, the recommended first; last, what was only `tried` around it."""
    sheet = all_data_sheet(results, tried=tried)
    if not trains_again(results):
        return Group()
    if not sheet.rows:
        ledger = Text(ledger_text(results), style="dim")
        return panel(sheet.title, [Text("Not trained yet: the good values come first."), ledger])
    return panel(sheet.title, [_table(sheet), Text(""), *map(Text, sheet.notes), *_small(sheet)])


def _table(sheet: Sheet) -> Table:
    return config_table(sheet.first, sheet.names, sheet.rest, [(row.mark, row.values, row.cells) for row in sheet.rows])


def _small(sheet: Sheet) -> list[Text]:
    return [Text(" ".join(sheet.legend), style="dim")] if sheet.legend else []


def ending(results: StudyResults, *, whole: bool = False) -> list[RenderableType]:
    """Return what a run ends with, what to use first; the `whole` tables are in the report, too."""
    if results.definition.comparison is not None:
        return [comparison_panel(results), Text(verdict(results))]
    told = [conclusion_panel(results)]
    if whole:
        told += [panel(results) for panel in PANELS]
    elif not facts_of(results).nothing:
        told.append(full_panel(results, tried=False) if trains_again(results) else good_values_panel(results))
    return [*told, next_panel(results)]


PANELS = (rounds_panel, good_values_panel, full_panel)
"""The whole tables, in their order."""
