"""The words that a study ends with: which values to use, what they reach, and how sure that is; or what happened."""

from __future__ import annotations

from hpo.proof.recommended import Recommended
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.facts.luck import best_so_far
from hpo.reports.facts.outcomes import outcomes
from hpo.reports.words.abilities import missing_abilities, runs_text
from hpo.reports.words.carrying_over import carrying_note, change_notes
from hpo.reports.words.certificate import certificate_note
from hpo.reports.words.comparison import comparison_verdict
from hpo.reports.words.formatting import config_text, count_text, data_text, examples
from hpo.reports.words.luck import luck_note
from hpo.reports.words.no_effect import no_effect_note, values_with_effect
from hpo.reports.words.nothing import advice, nothing_text
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    difference_words,
    interval_sentence,
    named_mean,
    score_words,
    train_gap,
)
from hpo.reports.words.outside_start import outside_start_note
from hpo.reports.words.what_next import another_round, limits_to_widen
from hpo.searching.metric import Metric
from hpo.searching.trials import TrialResult


def verdict(results: StudyResults) -> str:
    """Return what to conclude from the study as far as it is: what `short_verdict` says, and what that rests on."""
    if results.definition.comparison is not None:
        return comparison_verdict(results)
    told = short_verdict(results, changes=not carrying_note(results))
    return " ".join([*told, *details(results)])


def details(results: StudyResults) -> list[str]:
    """Return what a search's conclusion rests on, and what comes next, a sentence or two each."""
    if facts_of(results).nothing:
        return []
    carried = [*outside_start_note(results), *no_effect_note(results), *carrying_note(results), *luck_note(results)]
    notes = carried if results.full or results.state == "done" else no_effect_note(results)
    ended = [*guard_text(results), *unopened_text(results), *another_round(results)] if results.good else []
    return [*notes, *ended, *certificate_note(results), *missing_abilities(results)]


def short_verdict(results: StudyResults, *, changes: bool = True) -> list[str]:
    """Return the sentences that nobody may miss: what to use, how sure that is, what was changed, what is wrong.

    Without `changes` for where they stand elsewhere.
    """
    facts = facts_of(results)
    data = [] if results.complete_data else [f"Data: {data_text(results)}."]
    if facts.nothing:
        return [conclusion(results), *advice(results), *data]
    if facts.recommended.result is not None or results.state == "done":
        warned = [*limits_to_widen(results), *winner_warnings(results)]
        changed = change_notes(results, arbitrary=False) if changes else []
        return [conclusion(results), race_text(results), *changed, *warned, *data]
    raced = [race_text(results)] if results.good else []
    return [conclusion(results), *raced, f"Data: {data_text(results)}."]


def conclusion(results: StudyResults) -> str:
    """Return the first sentence of a search's verdict: what to use and how sure that is, or what is best so far."""
    facts = facts_of(results)
    found, metric = facts.recommended, results.definition.metric
    unfinished = "" if results.state == "done" else "Not finished: "
    if facts.nothing:
        return f"{unfinished}{nothing_text(results)}"
    tried = [each for each in outcomes(results) if each.state in ("complete", "stopped", "failed")]
    configs = count_text(len(tried), "config")
    if found.config is None:
        return f"Nothing is known yet: {configs} tried."
    values = config_text(values_with_effect(results, found.config))
    if found.result is not None:
        use = "Use" if results.state == "done" else "Not finished; so far, use"
        return f"{use} {values}: {_on_all_of_the_data(results, found)}."
    if found.where == "confirmation":
        reached = (
            f"{named_mean(metric, found.score)} in validation ({interval_sentence(metric, found.score)}, "
            f"{count_text(found.score.runs, 'fresh run')})"
            if found.score.runs
            else "being confirmed"
        )
        if results.state == "done":
            return f"Use {values}: {reached}."
        return f"The best of {configs} so far: {values}: {reached}."
    history = best_so_far(results)
    honest = f"{score_words(metric, history[-1].corrected)} corrected for luck" if history else "usually too optimistic"
    return (
        f"Not finished: the best of {configs} so far is {values} with {named_mean(metric, found.score)} in validation, "
        f"{honest}."
    )


def race_text(results: StudyResults) -> str:
    """Return what the race says: `100 configs were tried. Of the 6 finalists, 5 are statistically tied (90 %).`"""
    raced, like_the_best = len(results.raced), sum(not each.worse for each in results.raced)
    tried = f"{count_text(len(results.trials), 'config')} {'was' if len(results.trials) == 1 else 'were'} tried."
    if raced == 1:
        return f"{tried} One was a finalist."
    if like_the_best == 1:
        others = "other finalist is" if raced == 2 else f"{raced - 1} other finalists are"
        return f"{tried} The {others} worse ({CONFIDENCE_TEXT})."
    on = f"; the best {len(results.good)} went on" if len(results.good) < like_the_best else ""
    everybody = "Both finalists" if raced == 2 else f"All {raced} finalists"
    all_of = everybody if like_the_best == raced else f"Of the {raced} finalists, {like_the_best}"
    return f"{tried} {all_of} are statistically tied ({CONFIDENCE_TEXT}){on}."


def _on_all_of_the_data(results: StudyResults, found: Recommended) -> str:
    where = "on the test set" if results.complete_data else f"on the test {examples(results)} of {data_text(results)}"
    seeds = "" if found.result is None else f", {runs_text(results, len(found.result.runs))}"
    where = where if found.where == "test" else "in validation, trained on all of the data"
    metric = results.definition.metric
    return f"{named_mean(metric, found.score)} {where} ({interval_sentence(metric, found.score)}{seeds})"


def winner_warnings(results: StudyResults) -> list[str]:
    """Return a sentence if the recommended config overfits, and one if some of its runs failed."""
    winner, notes = facts_of(results).recommended.result, []
    if winner is None:
        return []
    metric = results.definition.metric
    if winner.overfits:
        notes.append(f"It overfits: {train_gap(metric)} is {difference_words(metric, winner.gap)}.")
    if any(run.reason for run in winner.runs):
        notes.append("Some of its runs failed, see evaluations.csv.")
    return notes


def unopened_text(results: StudyResults) -> list[str]:
    """Return a sentence on the round that was not opened because it would not have paid, where there is one."""
    if results.unopened is None:
        return []
    sentence = results.unopened.sentence(results.definition)
    return [f"{sentence[0].upper()}{sentence[1:]}."]


def guard_text(results: StudyResults) -> list[str]:
    """Return a sentence on what the bound on the train-validation gap cost or gained, where the study has one."""
    guard, max_gap = results.guard, results.definition.search.max_gap
    if guard is None or max_gap is None:
        return []
    metric = results.definition.metric
    bound = f"the bound on the train-validation gap ({difference_words(metric, max_gap)})"
    if not guard.any_within:
        return [f"No config that learnt enough kept to {bound}, so all were considered."]
    if guard.chosen.key == guard.without.key:
        return [f"{bound[0].upper()}{bound[1:]} cost nothing: the first choice is the same without it."]
    without = f"{config_text(guard.without.config)}: {_score_and_gap(metric, guard.without)}"
    chosen = f"{config_text(guard.chosen.config)}: {_score_and_gap(metric, guard.chosen)}"
    return [f"Without {bound} the search's first choice would have been {without}. With it, it is {chosen}."]


def _score_and_gap(metric: Metric, trial: TrialResult) -> str:
    gap = "an unknown gap" if trial.gap is None else f"a gap of {difference_words(metric, trial.gap)}"
    at = f" at {max(trial.rungs)} % of its training" if trial.stopped and trial.rungs else ""
    return f"{score_words(metric, trial.score)} in validation{at} with {gap}"
