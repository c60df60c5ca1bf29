"""Which hyperparameters show no effect: then their best value is arbitrary, and no report presents it as found.

There are two ways to know. The trials show no effect (hpo.searching.relevance): an absence of evidence, and worded as
that. Or a weight decay is so small that it shrinks no weight: then it does nothing at all.
"""

from __future__ import annotations

from hpo.proof.transfer import NO_EFFECT, shrinkage
from hpo.record.results import StudyResults
from hpo.reports.facts.once import once
from hpo.reports.facts.outcomes import n_train, outcomes
from hpo.searching.space import Config


@once
def negligible_shrinkage(results: StudyResults) -> float | None:
    """Return the share by which weight decay shrinks the weights at most at the good values, if it is next to nothing.

    Returns None where weight_decay is not searched, has an effect, or the optimizer scales it otherwise (Adam ...).
    """
    if "weight_decay" not in results.definition.space.hyperparameters or not results.good:
        return None
    largest = max(decay_shrinkage(results, good.config, good.key[0]) for good in results.good)
    return largest if largest < NO_EFFECT else None


@once
def names_without_effect(results: StudyResults) -> list[str]:
    """Return the hyperparameters whose value is arbitrary, in the order of their declaration."""
    without_effect = {each.name for each in results.relevance if each.verdict == "no effect detected"}
    if negligible_shrinkage(results) is not None:
        without_effect.add("weight_decay")
    return [name for name in results.definition.space.hyperparameters if name in without_effect]


@once
def no_decay_mattered(results: StudyResults) -> bool:
    """Say whether no weight decay that the search tried is large enough to shrink the weights."""
    return all(decay_shrinkage(results, each.config, each.round) < NO_EFFECT for each in outcomes(results))


def decay_shrinkage(results: StudyResults, config: Config, number: int) -> float:
    """Return the share of a weight that decay alone takes away in a training of round `number`; 1 is no claim."""
    definition = results.definition
    epochs = definition.rounds[number - 1].epochs
    return shrinkage(definition.plain(config), definition.updates(config, n_train(results, number), epochs))
