"""Saying so where the good values lie outside the range in which the search was told to begin."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.words.formatting import region_text, value_text
from hpo.reports.words.no_effect import names_without_effect
from hpo.searching.space import Interval, Numeric, number


def outside_start_note(results: StudyResults) -> list[str]:
    """Return a sentence for each hyperparameter with an effect whose good values all lie outside its start."""
    notes = []
    no_effect = names_without_effect(results)
    for name, hyperparameter in results.definition.space.hyperparameters.items():
        if not isinstance(hyperparameter, Numeric) or not results.good or name in no_effect:
            continue
        values = [number(good.config, name) for good in results.good if name in good.config]
        start = hyperparameter.start
        if not values:
            continue
        if all(value < start.low for value in values) or all(value > start.high for value in values):
            notes.append(
                f"The good values of {name} ({_span(values)}) lie outside the range where the search began "
                f"({region_text(start)})."
            )
    return notes


def _span(values: list[float]) -> str:
    if value_text(min(values)) == value_text(max(values)):
        return value_text(values[0])
    return region_text(Interval(min(values), max(values)))
