"""How often the test set was evaluated, as the ledger has it: for searches and comparisons alike."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.words.formatting import count_text


def ledger_text(results: StudyResults) -> str:
    """Return how often the test set was evaluated."""
    if not results.definition.abilities.test:
        return "There is no test set, so none was evaluated."
    if not results.ledger:
        return "The test set was not evaluated yet."
    return f"The test set was evaluated {count_text(len(results.ledger), 'time')} and never used to choose a config."
