"""What a comparison prints at its end: a row for each config, and what each changed against the first one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from hpo.record.results import StudyResults
from hpo.reports.facts.axes import has_all
from hpo.reports.facts.curves import diverged
from hpo.reports.sheets.comparison import HEADERS, cells
from hpo.reports.terminal.layout import Row, config_table, label_table, panel
from hpo.reports.words.formatting import (
    cell_texts,
    compact_label,
    config_label,
    data_text,
    flat,
    value_text,
)
from hpo.reports.words.ledger import ledger_text
from hpo.reports.words.numbers import mean_text
from hpo.reports.words.paired import MOST_PAIRS, differences, explanation

MOST_COLUMNS = 3


def comparison_panel(results: StudyResults) -> RenderableType:
    """Return train, validation and test accuracy and the gap of each config, and the paired differences below.

    A grid over two hyperparameters with many configs gets a row for each value of the second, and columns for the
    first.
    """
    compared = results.compared
    title = f"Comparison {results.definition.name} on {data_text(results)}"
    if not compared:
        return panel(title, [Text("No training has ended yet."), _ledger(results), Text("")])
    crossed = _crossed(results) if len(compared) > MOST_PAIRS else None
    table = crossed or _plain(results)
    notes = [Text(f"{config_label(each.config)}: {diverged(each)}.") for each in compared if diverged(each)]
    pairs = [Text(text) for text in differences(results)]
    spaced = [*pairs, Text("")] if pairs else []
    explained = Text(explanation(results, crossed=bool(crossed)), style="dim")
    return panel(title, [table, Text(""), *notes, *spaced, explained, _ledger(results), Text("")])


def _plain(results: StudyResults) -> RenderableType:
    """Return a row for each config: its hyperparameters in columns, or its label where a choice sets several fields."""
    names, metric = _names(results), results.definition.metric
    if any(flat(each.config).keys() != each.config.keys() for each in results.compared):
        rows = [(compact_label(each.config), cells(metric, each)) for each in results.compared]
        return label_table("config", HEADERS, rows)
    values = [cell_texts(names, each.config) for each in results.compared]
    accuracies = [cells(metric, each) for each in results.compared]
    return config_table("", names, HEADERS, [("", *row) for row in zip(values, accuracies, strict=True)])


def _crossed(results: StudyResults) -> RenderableType | None:
    """Return the table of a grid: its second hyperparameter down, its first across; None where there is no such grid.

    Each cell is test accuracy, and behind it train accuracy.
    """
    names, metric = _names(results), results.definition.metric
    if len(names) != 2 or not all(has_all(each.config, names) for each in results.compared):
        return None
    found = {tuple(each.config[name] for name in names): each for each in results.compared}
    across = list(dict.fromkeys(key[0] for key in found))
    down = list(dict.fromkeys(key[1] for key in found))
    if len(across) > MOST_COLUMNS:
        return None
    rows: list[Row] = []
    for second in down:
        texts = []
        for each in (found.get((first, second)) for first in across):
            texts += ["-", "-"] if each is None else [mean_text(metric, each.train), mean_text(metric, each.test)]
        rows.append(("", [value_text(second)], texts))
    heads = [f"{value_text(first)}: {of}" for first in across for of in ("train", "test")]
    heads[0] = f"{names[0]} {heads[0]}"
    return config_table("", [names[1]], heads, rows)


def _ledger(results: StudyResults) -> RenderableType:
    return Text(ledger_text(results), style="dim")


def _names(results: StudyResults) -> Sequence[str]:
    return list(results.definition.space.hyperparameters)
