"""What to use, for programs: `use.toml` and `use.json`, with how sure it is and where it comes from."""

from __future__ import annotations

import json
import math
from typing import Any

from hpo.proof.estimates import CONFIDENCE
from hpo.proof.recommended import Where
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.words.formatting import data_text
from hpo.reports.words.nothing import advice, nothing_text
from hpo.reports.words.numbers import ends_of, metric_column
from hpo.reports.words.verdict import conclusion
from hpo.reports.writing.toml import toml_text
from hpo.searching.metric import ACCURACY

ORIGINS = {
    "test": "test set, trained on all of the data",
    "full": "validation, trained on all of the data: there is no test set",
    "confirmation": "validation, fresh runs on the search's number of images",
    "search": "validation, the search alone: usually too optimistic",
}
"""Where a score comes from, by the name that `score_from` has for it."""


def use_record(results: StudyResults) -> dict[str, Any]:
    """Return the recommended values and what is known of them, as plain values; what is unknown is left out.

    study, data              of the study, and what was measured on
    finished                 whether the study is over
    recommended              whether there is a recommended config; if not, `reason` and `try` say why and what to do
    metric, score, low, high the accuracy (0..1), or another metric's value, and its interval, which holds it with
                             probability `confidence`
    direction                maximize or minimize, of another metric than accuracy: which values are better
    runs                     how many trainings it is the mean of
    score_from, origin       test, full, confirmation or search, and the same in words
    validation_accuracy      or another metric's value that the config was chosen by
    images, epochs           of each of those trainings
    source_trial             number of the search's trial that tried the config first
    use                      the values, by the names of the settings
    no_effect                names of those that showed no effect: their value is arbitrary
    changes                  a table for each setting that was changed for all of the data, or kept against the rule
    """
    facts, metric = facts_of(results), results.definition.metric
    found = facts.recommended
    record: dict[str, Any] = {
        "study": results.definition.name,
        "data": data_text(results),
        "finished": results.state == "done",
        "recommended": facts.use is not None,
    }
    if facts.use is None:
        nothing = facts.nothing
        record["reason"] = nothing_text(results) if nothing else conclusion(results)
        return record | ({"try": advice(results)} if nothing else {})
    low, high = ends_of(metric, found.score)
    validation = {metric_column(metric, "validation"): metric.value(found.validation.mean)}
    record |= {
        "metric": f"{'test' if found.where == 'test' else 'validation'} {metric.name}",
        **({} if metric.name == ACCURACY.name else {"direction": metric.direction}),
        **_known(score=metric.value(found.score.mean), low=low, high=high, confidence=CONFIDENCE),
        "runs": found.score.runs,
        "score_from": found.where,
        "origin": _origin(results, found.where or "search"),
        **_known(**validation),
        **({"images": found.images} if results.definition.abilities.samples else {}),
        "epochs": found.epochs,
        "source_trial": found.trial,
        "no_effect": [name for name in facts.no_effect if name in facts.use],
        "use": dict(facts.use),
    }
    changes = [{"name": each.name, "searched": each.old, "use": each.new, "why": each.why} for each in found.changes]
    return record | ({"changes": changes} if changes else {})


def _origin(results: StudyResults, where: Where) -> str:
    if results.definition.abilities.samples:
        return ORIGINS[where]
    return {**ORIGINS, "test": "test set", "confirmation": "validation, fresh runs"}[where]


def use_toml(results: StudyResults) -> bytes:
    """Return the record as TOML, under its conclusion. TOML has no null: `none` names what has no value."""
    record = use_record(results)
    values = record.get("use", {})
    if nothing := [name for name, value in values.items() if value is None]:
        record |= {"none": nothing, "use": {name: value for name, value in values.items() if value is not None}}
    return toml_text(record, {"conclusion": conclusion(results)}).encode()


def use_json(results: StudyResults) -> bytes:
    """Return the record as JSON."""
    return (json.dumps(use_record(results), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _known(**numbers: float) -> dict[str, float]:
    """Return those of `numbers` that are known."""
    return {name: number for name, number in numbers.items() if not math.isnan(number)}
