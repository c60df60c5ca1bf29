"""How it is said that a hyperparameter shows no effect, so its value is arbitrary (see hpo.reports.facts.no_effect)."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.record.results import StudyResults
from hpo.reports.facts.no_effect import names_without_effect, negligible_shrinkage, no_decay_mattered
from hpo.reports.words.formatting import count_text, region_text, value_text
from hpo.searching.relevance import Relevance
from hpo.searching.space import Config, Interval

MARK = "~"

__all__ = [
    "MARK",
    "boundaries_with_effect",
    "mark_note",
    "marked",
    "names_without_effect",
    "negligible_shrinkage",
    "no_effect_note",
    "values_with_effect",
]


def values_with_effect(results: StudyResults, config: Config) -> Config:
    """Return `config` without the values that are arbitrary; whole where nothing would be left.

    What another value hangs on stays: without its optimizer a momentum says nothing.
    """
    no_effect = names_without_effect(results)
    said = [name for name in config if name not in no_effect]
    conditions = results.definition.space.conditions
    for name in said:  # it grows: what a parent hangs on is said, too
        said += [parent for parent in conditions.get(name, {}) if parent in config and parent not in said]
    return {name: value for name, value in config.items() if name in said} or config


def marked(results: StudyResults, names: Sequence[str]) -> list[str]:
    """Return `names` for the head of a table, with a mark before those that show no effect."""
    no_effect = names_without_effect(results)
    return [f"{MARK}{name}" if name in no_effect else name for name in names]


def mark_note(results: StudyResults) -> str:
    """Return what the mark means, to be added to the explanation of a table; empty where there is none."""
    return f" {MARK}: no effect detected, so treat the value as arbitrary." if names_without_effect(results) else ""


def no_effect_note(results: StudyResults) -> list[str]:
    """Return a sentence for each hyperparameter that does nothing, or shows no effect."""
    found = {each.name: each for each in results.relevance}
    share = negligible_shrinkage(results)
    return [
        _shrinkage_note(results, share, found.get(name))
        if share is not None and name == "weight_decay"
        else f"No effect of {name} detected {_where_tried(found[name])}: treat its value as arbitrary."
        for name in names_without_effect(results)
    ]


def _shrinkage_note(results: StudyResults, share: float, found: Relevance | None) -> str:
    seen = (
        f" No effect of it was detected {_where_tried(found)}."
        if found and found.verdict == "no effect detected"
        else ""
    )
    note = (
        "The good values of weight_decay are too small to matter: they shrink the weights by "
        f"{value_text(100 * share)} % at most.{seen} Zero will do as well."
    )
    if no_decay_mattered(results):
        return f"{note} No value large enough to matter was tried: widen its limits."
    return note


def _where_tried(found: Relevance) -> str:
    among = "over" if isinstance(found.tried, Interval) else "among"
    return f"{among} {region_text(found.tried)} in {count_text(found.trials, 'trial')} (p = {found.p:.2g})"


def boundaries_with_effect(results: StudyResults, at_boundary: Sequence[str]) -> list[str]:
    """Return `at_boundary` without what shows no effect: that its value lies at the boundary is chance."""
    no_effect = names_without_effect(results)
    return [name for name in at_boundary if name not in no_effect]
