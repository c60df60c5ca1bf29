"""Which hyperparameters are the axes of a figure, whatever it is drawn with."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.searching.space import Numeric


def numeric_names(results: StudyResults) -> list[str]:
    """Return the names of the numeric hyperparameters, learning rate and weight decay first, then as declared."""
    space = results.definition.space.hyperparameters
    found = [name for name, hyperparameter in space.items() if isinstance(hyperparameter, Numeric)]
    first = [name for name in ("learning_rate", "weight_decay") if name in found]
    return first + [name for name in found if name not in first]
