"""Saying so when a weight decay did nothing: then its best value is no finding, and no report may present it as one."""

from __future__ import annotations

import math

from hpo.study_results import StudyResults
from models import steps_per_epoch
from reports.formatting import value_text
from reports.outcomes import n_train, outcomes

NO_EFFECT = 0.01
"""A decay that shrinks no weight by more than this share over a whole training changes no accuracy."""

_MOMENTUM = ("momentum", "nesterov")


def inert_shrinkage(results: StudyResults) -> float | None:
    """Return the share by which weight decay shrank the weights at most, over all trials, if that is next to nothing.

    Over S updates of SGD, decay alone shrinks a weight by 1 - exp(-lr * wd * S); momentum m makes lr / (1 - m) of lr.
    Returns None where weight_decay is not searched, has an effect, or the optimizer scales it otherwise (Adam ...).
    """
    definition = results.definition
    if "weight_decay" not in definition.space.hyperparameters or not results.trials:
        return None
    largest = 0.0
    for each in outcomes(results):
        settings = definition.settings(each.config)[1]
        if settings.optimizer not in ("sgd", *_MOMENTUM):
            return None
        rate = settings.learning_rate
        if settings.optimizer in _MOMENTUM:
            rate /= 1 - settings.momentum
        steps = steps_per_epoch(n_train(results, each.round), settings.batch_size)
        updates = definition.rounds[each.round - 1].epochs * steps
        largest = max(largest, 1 - math.exp(-rate * settings.weight_decay * updates))
    return largest if largest < NO_EFFECT else None


def inert_note(results: StudyResults) -> list[str]:
    """Return the sentence for people, or nothing."""
    shrinkage = inert_shrinkage(results)
    if shrinkage is None:
        return []
    share = f"{value_text(100 * shrinkage)} %"
    text = f"weight_decay did nothing wherever it was tried: it shrinks the weights by {share} at most over a training."
    return [f"{text} No value of it is a finding; look at larger values to see an effect."]
