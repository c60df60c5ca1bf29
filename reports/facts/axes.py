"""Which hyperparameters are the axes of a figure, whatever it is drawn with."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.record.results import StudyResults
from hpo.searching.space import Config, Numeric


def numeric_names(results: StudyResults) -> list[str]:
    """Return the names of the numeric hyperparameters, learning rate and weight decay first, then as declared.

    What is active in some trials only comes after what is in all.
    """
    space = results.definition.space.hyperparameters
    found = [name for name, hyperparameter in space.items() if isinstance(hyperparameter, Numeric)]
    first = [name for name in ("learning_rate", "weight_decay") if name in found]
    order = first + [name for name in found if name not in first]
    return sorted(order, key=lambda name: name in results.definition.space.conditions)


def has_all(config: Config, names: Sequence[str]) -> bool:
    """Say whether a config has a place on the axes `names`: whether all of them are active in it."""
    return all(name in config for name in names)
