"""Tables for the page: heads, cells as texts, and how many of the first columns name a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hpo.record.results import StudyResults
from hpo.reports.sheets.sheet import Sheet
from hpo.reports.words.formatting import cell_texts
from hpo.reports.words.no_effect import marked
from hpo.searching.space import Value


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts. `left` names the columns that are no numbers, `strong` the rows to be seen first."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[str] = ()
    strong: Sequence[int] = field(default=())
    notes: Sequence[str] = ()
    """How to read it, a sentence or two each."""

    @property
    def classes(self) -> list[str]:
        """The class of each column."""
        return ["text" if name in self.left else "number" for name in self.head]


def sheet_table(caption: str, sheet: Sheet) -> Table:
    """Return a sheet as a table of the page."""
    left = [sheet.first] if not sheet.first else []
    return Table(
        caption,
        sheet.head,
        sheet.lines,
        left=left,
        strong=sheet.strong,
        notes=[" ".join(sheet.legend)] if sheet.legend else [],
    )


def config_head(results: StudyResults, names: Sequence[str] | None = None) -> list[str]:
    """Return a head for each hyperparameter, with the mark of those that show no effect."""
    return marked(results, list(names or results.definition.space.hyperparameters))


def config_texts(results: StudyResults, config: Mapping[str, Value]) -> list[str]:
    """Return a cell for each hyperparameter: the value that `config` has."""
    return cell_texts(list(results.definition.space.hyperparameters), config)


def duration(seconds: float) -> str:
    """Return a time as people say it: `35 s`, `12 min`, `3.4 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def sentence(text: str) -> str:
    """Return `text` with a capital at its begin and a full stop at its end, unless it begins with a name_like_this."""
    first = text if "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]
    return first if first.endswith((".", ":")) else f"{first}."
