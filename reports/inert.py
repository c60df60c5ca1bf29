"""Saying so where weight decay does nothing: then its best value is no finding, and no report may present it as one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpo.space import Config
from hpo.study_results import StudyResults
from models import steps_per_epoch
from reports.formatting import value_text
from reports.outcomes import n_train, outcomes

NO_EFFECT = 0.01
"""A decay that shrinks no weight by more than this share over a whole training changes no accuracy."""

_MOMENTUM = ("momentum", "nesterov")


def inert_shrinkage(results: StudyResults) -> float | None:
    """Return the share by which weight decay shrinks the weights at most at the good values, if it is next to nothing.

    Returns None where weight_decay is not searched, has an effect, or the optimizer scales it otherwise (Adam ...).
    """
    if "weight_decay" not in results.definition.space.hyperparameters or not results.good:
        return None
    largest = max(_shrinkage(results, good.config, good.key[0]) for good in results.good)
    return largest if largest < NO_EFFECT else None


def inert_note(results: StudyResults) -> list[str]:
    """Return the sentence for people, or nothing."""
    shrinkage = inert_shrinkage(results)
    if shrinkage is None:
        return []
    note = (
        "weight_decay does nothing at the good values: over a training it shrinks the weights by "
        f"{value_text(100 * shrinkage)} % at most. Zero will do as well"
    )
    if all(_shrinkage(results, each.config, each.round) < NO_EFFECT for each in outcomes(results)):
        return [f"{note}; no value with an effect was tried, so look at larger ones."]
    return [f"{note}."]


def _shrinkage(results: StudyResults, config: Config, number: int) -> float:
    """Return the share of a weight that decay alone takes away in a training of round `number`.

    Over S updates of SGD that is 1 - exp(-lr * wd * S); momentum m makes lr / (1 - m) of lr. Other optimizers scale the
    gradient of the decay with that of the loss: 1, no claim, for them.
    """
    settings = results.definition.settings(config)[1]
    if settings.optimizer not in ("sgd", *_MOMENTUM):
        return 1.0
    rate = settings.learning_rate / (1 - settings.momentum if settings.optimizer in _MOMENTUM else 1)
    updates = results.definition.rounds[number - 1].epochs * steps_per_epoch(
        n_train(results, number), settings.batch_size
    )
    return 1 - math.exp(-rate * settings.weight_decay * updates)


def boundaries_that_matter(results: StudyResults, at_boundary: Sequence[str]) -> list[str]:
    """Return `at_boundary` without a weight decay that does nothing: beyond its limits it does nothing either."""
    inert = inert_shrinkage(results) is not None
    return [name for name in at_boundary if not (inert and name == "weight_decay")]
