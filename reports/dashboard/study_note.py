"""The note of a study: the verdict, the good values, what they reach on all of the data, and where the search went."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from hpo.definition.parts import FINAL_SUFFIX
from hpo.record.results import StudyResults
from hpo.reports.dashboard.markdown import escaped, link, table
from hpo.reports.sheets.all_data import all_data_sheet
from hpo.reports.sheets.good_values import good_values_sheet
from hpo.reports.sheets.rounds import reasons, rounds_sheet
from hpo.reports.sheets.sheet import Sheet
from hpo.reports.words.formatting import config_label, count_text
from hpo.reports.words.ledger import ledger_text
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    difference_interval,
    difference_mean,
    head,
    interval_text,
    mean_text,
    train_gap,
)
from hpo.reports.words.verdict import details, short_verdict, verdict

COLUMNS = (
    "Of a trial's attributes, *round* and *place* say where it belongs, *training images* and *epochs* on how many "
    "and for how long it trains, *trains to %* how much of that it may do by now, *reason* why it failed."
)
UNCOUNTED = (
    "*training images* and *epochs* on how many and for how long it trains",
    "*epochs* for how long it trains",
)
"""What takes the place of what in it, where a trainer takes no number of examples."""

FINAL_COLUMNS = (
    "*stage* says what a run is for: race, confirm, or on all of the data full (a good value), probe_lower and "
    "probe_higher (half and twice the winner's learning rate), plain (the winner's weight decay as in the search) and "
    "adopted (the best of these, which is recommended). *trial of the search* is the one that its config comes from, "
    "*run* counts its fresh runs."
)


def study_note(results: StudyResults, study_ids: Mapping[str, int]) -> str:
    """Return the note of the study. `study_ids` are those of the Optuna studies that it links to, by their names."""
    trials = study_ids[results.definition.name]
    compared = results.definition.comparison is not None
    body = [escaped(verdict(results)), *_comparison(results)] if compared else _search(results, trials)
    return "\n\n".join([f"## {escaped(results.definition.title)}", *body, *_more(results)])


def final_note(results: StudyResults, study_ids: Mapping[str, int]) -> str:
    """Return the note of the study's final part: what it is, and what its runs on all of the data reached."""
    name = results.definition.name
    whole = link(escaped(name), "dashboard", "studies", str(study_ids[name]))
    return "\n\n".join(
        [
            f"## Fresh runs of the good values of {whole}",
            _what_runs_here(results),
            *_on_all_of_the_data(results),
            *([FINAL_COLUMNS] if results.definition.abilities.samples else []),
        ]
    )


def _what_runs_here(results: StudyResults) -> str:
    if results.definition.abilities.samples:
        done = "race here, are confirmed and trained on all of the data"
        return f"The best configs of the search {done}: one trial a run."
    tested = ", and scored on the test set" if results.definition.abilities.test else ""
    return f"The best configs of the search race here and are confirmed{tested}: one trial a run."


def _search(results: StudyResults, study_id: int) -> list[str]:
    first, *rest = _escaped(short_verdict(results))
    notes = "\n".join(f"- {note}" for note in _escaped(details(results)))
    return [
        first,
        *([" ".join(rest)] if rest else []),
        *_good_values(results, study_id),
        *_on_all_of_the_data(results),
        *_rounds(results),
        *(["### Notes", notes] if notes else []),
    ]


def _good_values(results: StudyResults, study_id: int) -> list[str]:
    sheet = good_values_sheet(results)
    if not sheet.rows:
        return []
    header = [sheet.first, "trial", *_escaped(sheet.names), *sheet.rest]
    rows = [
        [row.mark, trial_link(study_id, row.trial or 0), *_escaped(row.values), *_escaped(row.cells)]
        for row in sheet.rows
    ]
    return ["### Good values", table(header, rows), *_below(sheet)]


def _on_all_of_the_data(results: StudyResults) -> list[str]:
    sheet = all_data_sheet(results)
    return [f"### {sheet.title.partition(':')[0]}", *_table(sheet), *_below(sheet)] if sheet.rows else []


def _rounds(results: StudyResults) -> list[str]:
    sheet = rounds_sheet(results)
    if not sheet.rows:
        return []
    why = [f"- round {number}: {escaped(text)}" for number, text in reasons(results)]
    return ["### Where the search looked", *_table(sheet), "\n".join(why), *_below(sheet)]


def _table(sheet: Sheet) -> list[str]:
    return [table(_escaped(sheet.head), [_escaped(line) for line in sheet.lines])]


def _below(sheet: Sheet) -> list[str]:
    """Return the notes of a sheet and how to read it, a paragraph each."""
    return _escaped([*sheet.notes, " ".join(sheet.legend)] if sheet.legend else sheet.notes)


def _escaped(texts: Sequence[str]) -> list[str]:
    return [escaped(text) for text in texts]


def _comparison(results: StudyResults) -> list[str]:
    if not results.compared:
        return []
    metric = results.definition.metric
    train, validation, test = (head(metric, part) for part in ("train", "validation", "test"))
    header = ["config", train, validation, f"{test} (interval)", "gap (interval)"]
    rows = [
        [
            escaped(config_label(each.config)),
            mean_text(metric, each.train),
            mean_text(metric, each.validation),
            f"{mean_text(metric, each.test)} ({interval_text(metric, each.test)})",
            f"{difference_mean(metric, each.gap)} ({difference_interval(metric, each.gap)})",
        ]
        for each in results.compared
    ]
    runs = max(len(each.runs) for each in results.compared)
    told = (
        f"Means of up to {count_text(runs, 'run')} with {CONFIDENCE_TEXT} intervals; gap: {train_gap(metric)}"
        f"{', in points' if metric.is_share else ''}. "
        f"{ledger_text(results)}"
    )
    return ["### The configs", table(header, rows), escaped(told)]


def _more(results: StudyResults) -> list[str]:
    name = results.definition.name
    report = link("the report", "report", name)
    state = "Done." if results.state == "done" else "Still running: this note is kept current."
    text = f"{state} More: {report}, or as files with `hpo report --study {shlex.quote(name)}`."
    columns = COLUMNS if results.definition.abilities.samples else COLUMNS.replace(*UNCOUNTED)
    return ["---", text, *([] if results.definition.comparison is not None else [columns])]


def trial_link(study_id: int, number: int) -> str:
    """Return a link to a trial's page in the dashboard."""
    return link(str(number), "dashboard", "studies", str(study_id), "trials", query=f"?numbers={number}")


def final_name(results: StudyResults) -> str:
    """Return what the Optuna study that shows the final part is called, where the name is free."""
    return results.definition.name + FINAL_SUFFIX
