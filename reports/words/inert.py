"""Saying so where a hyperparameter does nothing: then its best value is no finding, and no report presents it as one.

There are two ways to know. The trials show no effect (hpo.searching.relevance): an absence of evidence, and worded as
that. Or a weight decay is so small that it shrinks no weight: then it does nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpo.models import steps_per_epoch
from hpo.proof.transfer import NO_EFFECT, shrinkage
from hpo.record.results import StudyResults
from hpo.reports.facts.outcomes import n_train, outcomes
from hpo.reports.words.formatting import count_text, region_text, value_text
from hpo.searching.relevance import Relevance
from hpo.searching.space import Config, Interval

MARK = "~"


def inert_shrinkage(results: StudyResults) -> float | None:
    """Return the share by which weight decay shrinks the weights at most at the good values, if it is next to nothing.

    Returns None where weight_decay is not searched, has an effect, or the optimizer scales it otherwise (Adam ...).
    """
    if "weight_decay" not in results.definition.space.hyperparameters or not results.good:
        return None
    largest = max(_shrinkage(results, good.config, good.key[0]) for good in results.good)
    return largest if largest < NO_EFFECT else None


def inert_names(results: StudyResults) -> list[str]:
    """Return the hyperparameters whose value is no finding, in the order of their declaration."""
    without_effect = {each.name for each in results.relevance if each.verdict == "inert"}
    if inert_shrinkage(results) is not None:
        without_effect.add("weight_decay")
    return [name for name in results.definition.space.hyperparameters if name in without_effect]


def that_matters(results: StudyResults, config: Config) -> Config:
    """Return `config` without the values that are no finding; whole where nothing would be left."""
    inert = inert_names(results)
    return {name: value for name, value in config.items() if name not in inert} or config


def marked(results: StudyResults, names: Sequence[str]) -> list[str]:
    """Return `names` for the head of a table, with a mark before those whose value is no finding."""
    inert = inert_names(results)
    return [f"{MARK}{name}" if name in inert else name for name in names]


def mark_note(results: StudyResults) -> str:
    """Return what the mark means, to be added to the explanation of a table; empty where there is none."""
    return f" {MARK}: no effect found, so the value is no finding." if inert_names(results) else ""


def inert_note(results: StudyResults) -> list[str]:
    """Return a sentence for each hyperparameter that does nothing, or shows no effect."""
    found = {each.name: each for each in results.relevance}
    share = inert_shrinkage(results)
    return [
        _shrinkage_note(results, share, found.get(name))
        if share is not None and name == "weight_decay"
        else f"No effect of {name} found {_where_tried(found[name])}, so its value is no finding."
        for name in inert_names(results)
    ]


def _shrinkage_note(results: StudyResults, share: float, found: Relevance | None) -> str:
    seen = f", and no effect of it was found {_where_tried(found)}" if found and found.verdict == "inert" else ""
    note = (
        "weight_decay does nothing at the good values: over a training it shrinks the weights by "
        f"{value_text(100 * share)} % at most{seen}. Zero will do as well"
    )
    if all(_shrinkage(results, each.config, each.round) < NO_EFFECT for each in outcomes(results)):
        return f"{note}; no value with an effect was tried, so look at larger ones."
    return f"{note}."


def _where_tried(found: Relevance) -> str:
    among = "over" if isinstance(found.tried, Interval) else "among"
    return f"{among} {region_text(found.tried)} in {count_text(found.trials, 'trial')} (p = {found.p:.2g})"


def _shrinkage(results: StudyResults, config: Config, number: int) -> float:
    """Return the share of a weight that decay alone takes away in a training of round `number`; 1 is no claim."""
    settings = results.definition.settings(config)[1]
    epochs = results.definition.rounds[number - 1].epochs
    return shrinkage(settings, epochs * steps_per_epoch(n_train(results, number), settings.batch_size))


def boundaries_that_matter(results: StudyResults, at_boundary: Sequence[str]) -> list[str]:
    """Return `at_boundary` without what shows no effect: that its value lies at the boundary is chance."""
    inert = inert_names(results)
    return [name for name in at_boundary if name not in inert]
