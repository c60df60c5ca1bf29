"""The facts of a report are computed once, and anew for other results."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from hpo.definition.study import StudyDefinition
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.facts.outcomes import outcomes
from hpo.reports.files import TABLES
from hpo.reports.words.verdict import verdict
from tests.support.results import study


def test_facts_are_the_same_value_for_the_same_results() -> None:
    results = study()
    assert facts_of(results) is facts_of(results)
    assert outcomes(results) is outcomes(results)
    other = replace(results, full=[])
    assert facts_of(other).recommended.where == "confirmation"
    assert facts_of(results).recommended.where == "test"


def test_whoever_reads_the_facts_again_computes_none_of_them_again(monkeypatch) -> None:
    results = study()
    first = verdict(results)

    def refused(*args: object) -> None:
        raise AssertionError("settings were read again")

    monkeypatch.setattr(StudyDefinition, "plain", refused)
    assert verdict(results) == first


def test_results_that_nobody_holds_are_forgotten() -> None:
    results: StudyResults | None = study()
    assert results is not None
    facts_of(results)
    for table in TABLES.values():
        table(results)
    gone = weakref.ref(results)
    del results
    gc.collect()
    assert gone() is None
