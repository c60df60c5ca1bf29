"""The numbers of a study whose trainer brings its own data: what is known of them without seeing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpo.definition.study import StudyDefinition
from hpo.storage.datasets import Located

SOURCE: Mapping[str, str] = {
    "name": "own",
    "provenance": "the trainer's own data",
    "sha256": "",
    "complete": "yes",
}
"""Where they came from, in the form of Located.record."""


def provenance(located: Located | None) -> str:
    """Return what a study's examples are called."""
    return SOURCE["provenance"] if located is None else located.provenance


def own_data_summary(definition: StudyDefinition) -> dict[str, Any]:
    """Return the numbers that a study's record keeps, as StudyData.summary does.

    Where nobody says how many examples there are, all of the data count as one.
    """
    examples = definition.data.examples
    if examples is None:
        return {"pool": 1, "holdout": 0, "validation": 0, "confirmation": 0, "chance": definition.metric.guess}
    numbers = definition.data.held_out(examples)
    return {
        "pool": examples - numbers.holdout,
        "holdout": numbers.holdout,
        "validation": numbers.validation,
        "confirmation": numbers.confirmation,
        "chance": definition.metric.guess,
    }
