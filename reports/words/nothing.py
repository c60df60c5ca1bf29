"""Saying so where nothing can be recommended, and what to try: the first thing that a reader must know."""

from __future__ import annotations

from hpo.definition.rounds import comparable
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.facts.outcomes import outcomes
from hpo.reports.words.formatting import count_text, percent, region_text, value_text
from hpo.searching.space import Interval, Numeric

MOST_COMMON = 0.8
"""Above this share of one class, a high accuracy means little."""

STAGES = {"test": "full", "confirmation": "confirm"}
"""The runs that what was found is scored by."""

LABELS = "Check that the labels belong to the images, and that all images are scaled alike"


def nothing_text(results: StudyResults) -> str:
    """Return why no value is recommended, in a sentence."""
    found = facts_of(results).recommended
    trials = comparable(results.definition, results.trials)
    configs, best = count_text(len(trials), "config"), percent(found.validation.mean)
    guessing = f"always guessing the commonest class ({percent(float(results.data.get('chance', 0.0)))} %)"
    begin = "Nothing was learnt, so no value is recommended:"
    if found.nothing == "failed":
        reason = next((each.reason for each in outcomes(results) if each.reason), None)
        return f"{begin} all of the {configs} failed or diverged{f' ({reason})' if reason else ''}."
    if found.nothing == "alike":
        return f"No value is recommended: all of the {configs} scored the same, {percent(trials[0].score)} %."
    runs = [run for run in results.runs if run.stage == STAGES.get(found.where or "")]
    if runs and all(run.reason for run in runs):
        where = "on all of the data" if found.where == "test" else "that were to confirm the best"
        return f"No value is recommended: all {len(runs)} runs {where} failed or diverged ({runs[0].reason})."
    if found.nothing == "lost":
        confirmed = next(good.confirmed for good in results.good if good.key == found.key)
        return (
            f"No value is recommended: trained on all of the data, the best config reaches {best} % in validation, no "
            f"better than {guessing}. On the search's images it reached {percent(confirmed.mean)} %."
        )
    return f"{begin} the best of {configs} reaches {best} % in validation, no better than {guessing}."


def advice(results: StudyResults) -> list[str]:
    """Return what to try where nothing is recommended, a sentence each."""
    found = facts_of(results).recommended
    if found.nothing == "failed":
        return [_rates(results, smaller=True), "See the reasons in trials.csv."]
    if found.nothing == "lost" or any(run.reason for run in results.runs):
        return ["See evaluations.csv for runs that failed.", _rates(results, smaller=True)]
    if found.nothing == "alike" and found.validation.mean == 1:
        return ["Any of the values will do; a harder task, or fewer images, would tell them apart."]
    common = float(results.data.get("chance", 0.0))
    if common > MOST_COMMON:
        first = f"{percent(common)} % of the images are of one class, so accuracy says little: balance the classes."
        return [first, _rates(results)]
    return [f"{LABELS}.", _rates(results), "Train longer or on more images (epochs and samples of [[rounds]])."]


def _rates(results: StudyResults, *, smaller: bool = False) -> str:
    """Return which learning rates to try, as far as the search had a say in them."""
    numeric = results.definition.space.hyperparameters.get("learning_rate")
    if not isinstance(numeric, Numeric):
        rate = value_text(results.definition.plain({})["learning_rate"])
        return f"Try {'a smaller' if smaller else 'another'} learning rate (training.learning_rate is {rate})."
    tried = [float(trial.config["learning_rate"]) for trial in results.trials]
    span = f"tried: {region_text(Interval(min(tried), max(tried)))}"
    if smaller:
        return f"Try smaller learning rates: begin lower in space.learning_rate ({span})."
    return f"Try learning rates beyond these: widen space.learning_rate ({span})."
