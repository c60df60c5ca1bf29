"""Saying so where nothing can be recommended, and what to try: the first thing that a reader must know."""

from __future__ import annotations

from hpo.definition.rounds import comparable
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.facts.outcomes import outcomes
from hpo.reports.words.formatting import count_text, examples, region_text, value_text
from hpo.reports.words.numbers import mean_words, named_mean, score_words, value_words
from hpo.searching.metric import ACCURACY
from hpo.searching.space import Interval, Numeric, number

MOST_COMMON = 0.8
"""Above this share of one class, a high accuracy means little."""

STAGES = {"test": "full", "full": "full", "confirmation": "confirm"}
"""The runs that what was found is scored by."""

LABELS = "Check that the labels belong to the images, and that all images are scaled alike"
TARGETS = "Check that the trainer's metric is the one declared, and that targets belong to their examples"


def nothing_text(results: StudyResults) -> str:
    """Return why no value is recommended, in a sentence."""
    found = facts_of(results).recommended
    trials = comparable(results.definition, results.trials)
    metric, configs = results.definition.metric, count_text(len(trials), "config")
    reached = f"reaches {named_mean(metric, found.validation)} in validation, no better than {_guessing(results)}."
    begin = "Nothing was learnt, so no value is recommended:"
    if found.nothing == "failed":
        reason = next((each.reason for each in outcomes(results) if each.reason), None)
        return f"{begin} all of the {configs} failed or diverged{f' ({reason})' if reason else ''}."
    if found.nothing == "alike":
        return f"No value is recommended: all of the {configs} scored the same, {score_words(metric, trials[0].score)}."
    runs = [run for run in results.runs if run.stage == STAGES.get(found.where or "")]
    if runs and all(run.reason for run in runs):
        where = "on all of the data" if found.where in ("test", "full") else "that were to confirm the best"
        return f"No value is recommended: all {len(runs)} runs {where} failed or diverged ({runs[0].reason})."
    if found.nothing == "lost":
        confirmed = next(good.confirmed for good in results.good if good.key == found.key)
        return (
            f"No value is recommended: trained on all of the data, the best config {reached} On the search's "
            f"{examples(results)} it reached {mean_words(metric, confirmed)}."
        )
    return f"{begin} the best of {configs} {reached}"


def _guessing(results: StudyResults) -> str:
    """Return what guessing would be, and what it reaches."""
    metric, chance = results.definition.metric, results.data.get("chance")
    if chance is None:
        return "guessing"
    how = "always guessing the commonest class" if examples(results) == "images" else "guessing"
    return f"{how} ({value_words(metric, float(chance))})"


def advice(results: StudyResults) -> list[str]:
    """Return what to try where nothing is recommended, a sentence each."""
    found = facts_of(results).recommended
    if found.nothing == "failed":
        return [*_rates(results, smaller=True), "See the reasons in trials.csv."]
    if found.nothing == "lost" or any(run.reason for run in results.runs):
        return ["See evaluations.csv for runs that failed.", *_rates(results, smaller=True)]
    metric = results.definition.metric
    if found.nothing == "alike" and found.validation.mean == metric.best:
        return [f"Any of the values will do; a harder task, or fewer {examples(results)}, would tell them apart."]
    common = float(results.data.get("chance") or 0.0)
    if examples(results) == "images" and metric.name == ACCURACY.name and common > MOST_COMMON:
        first = (
            f"{value_words(metric, common)} of the {examples(results)} are of one class, so accuracy says little: "
            "balance the classes."
        )
        return [first, *_rates(results)]
    check = LABELS if examples(results) == "images" else TARGETS
    more = f"Train longer or on more {examples(results)} (epochs and samples of [[rounds]])."
    more = more if results.definition.abilities.samples else "Train longer (epochs of [[rounds]])."
    return [f"{check}.", *_rates(results), more]


def _rates(results: StudyResults, *, smaller: bool = False) -> list[str]:
    """Return which learning rates to try, as far as there is one and the search had a say in it."""
    numeric = results.definition.space.hyperparameters.get("learning_rate")
    if not isinstance(numeric, Numeric):
        rate = results.definition.plain({}).get("learning_rate")
        if rate is None:
            return []
        fixed = f"training.learning_rate is {value_text(rate)}"
        return [f"Try {'a smaller' if smaller else 'another'} learning rate ({fixed})."]
    tried = [number(trial.config, "learning_rate") for trial in results.trials if "learning_rate" in trial.config] or [
        numeric.start.low,
        numeric.start.high,
    ]
    span = f"tried: {region_text(Interval(min(tried), max(tried)))}"
    if smaller:
        return [f"Try smaller learning rates: begin lower in space.learning_rate ({span})."]
    return [f"Try learning rates beyond these: widen space.learning_rate ({span})."]
