"""The words that a study ends with: which values to use, what they reach, and how sure that is; or what happened."""

from __future__ import annotations

from hpo.proof.final_runs import FullResult
from hpo.record.results import StudyResults
from hpo.reports.facts.luck import best_so_far
from hpo.reports.facts.outcomes import outcomes
from hpo.reports.words.carrying_over import carrying_note
from hpo.reports.words.certificate import certificate_note
from hpo.reports.words.comparison import comparison_verdict
from hpo.reports.words.formatting import (
    CONFIDENCE_TEXT,
    boundary_text,
    config_text,
    count_text,
    data_text,
    interval_percent,
    percent,
    points_text,
)
from hpo.reports.words.inert import boundaries_that_matter, inert_note, that_matters
from hpo.reports.words.luck import luck_note
from hpo.reports.words.outside import outside_note
from hpo.searching.space import Config
from hpo.searching.trials import TrialResult


def verdict(results: StudyResults) -> str:
    """Return what to conclude from the study as far as it is, naming the stand-in data and its weak points."""
    if results.definition.comparison is not None:
        return comparison_verdict(results)
    return " ".join([conclusion(results), *_notes(results), *unopened_text(results), certificate_note(results)])


def conclusion(results: StudyResults) -> str:
    """Return the first sentence of a search's verdict: what to use and how sure that is, or what is best so far."""
    if results.full:
        return _on_all_of_the_data(results)
    tried = [each for each in outcomes(results) if each.state in ("complete", "stopped", "failed")]
    configs = count_text(len(tried), "config")
    if results.good:
        best = results.good[0]
        reached = (
            f"{percent(best.confirmed.mean)} % in validation ({_interval(interval_percent(best.confirmed))}, "
            f"{count_text(best.confirmed.runs, 'fresh run')})"
            if best.confirmed.runs
            else "being confirmed"
        )
        return f"The best of {configs} so far: {config_text(that_matters(results, best.config))}: {reached}."
    best_trial = next((each for each in tried if each.rank == 1), None)
    if best_trial is None:
        return f"Nothing is known yet: {configs} tried."
    history = best_so_far(results)
    honest = f"{percent(history[-1].corrected)} % corrected for luck" if history else "the luckiest of many"
    return (
        f"Not finished: the best of {configs} so far is {config_text(that_matters(results, best_trial.config))} with "
        f"{percent(best_trial.score or 0.0)} % in validation, {honest}."
    )


def race_text(results: StudyResults) -> str:
    """Return what the race says: `3 of 5 raced configs can't be told from the best at 90 % (100 were searched)`."""
    raced, like_the_best = len(results.raced), sum(not place.worse for place in results.raced)
    searched = f"{len(results.trials)} were searched"
    if raced == 1:
        return f"only one config raced ({searched})"
    if like_the_best == 1:
        others = "other raced config is" if raced == 2 else f"{raced - 1} other raced configs are"
        return f"the {others} worse than the best at {CONFIDENCE_TEXT} ({searched})"
    on = f", the best {len(results.good)} went on" if len(results.good) < like_the_best else ""
    return f"{like_the_best} of {raced} raced configs can't be told from the best at {CONFIDENCE_TEXT} ({searched}{on})"


def config_in_use(results: StudyResults, full: FullResult) -> Config:
    """Return the config as it was trained on all of the data, with what was changed beside it in any of the runs."""
    changed = sorted({name for each in results.full for run in each.runs for name in run.overrides})
    settings = results.definition.settings(full.config)[1]
    own = {name: full.config[name] for name in results.definition.space.hyperparameters}
    return {**own, **{name: getattr(settings, name) for name in changed}}


def _on_all_of_the_data(results: StudyResults) -> str:
    winner = results.full[0]
    config = that_matters(results, config_in_use(results, winner))
    where = "the test set" if results.complete_data else f"the test images of {data_text(results)}"
    interval = _interval(interval_percent(winner.test))
    seeds = count_text(len(winner.runs), "seed")
    use = "Use" if results.state == "done" else "Not finished; so far, use"
    reached = f"{percent(winner.test.mean)} % on {where} ({interval}, {seeds})"
    return f"{use} {config_text(config)}: {reached}; {race_text(results)}."


def _notes(results: StudyResults) -> list[str]:
    """Return what the conclusion rests on, in the order of its weight."""
    if not results.full:
        return [*inert_note(results), f"Data: {data_text(results)}."]
    at_boundary = boundary_warning(results)
    explained = [*outside_note(results), *inert_note(results), *carrying_note(results), *luck_note(results)]
    return [*at_boundary, *explained, *winner_warnings(results), *guard_text(results)]


def boundary_warning(results: StudyResults) -> list[str]:
    """Return a sentence if the winner lies at a boundary of the limits."""
    winner = results.full[0]
    at_boundary = next((good.at_boundary for good in results.good if good.key == winner.source), ())
    names = boundaries_that_matter(results, at_boundary)
    return [boundary_text(results.definition.space, names)] if names else []


def winner_warnings(results: StudyResults) -> list[str]:
    """Return a sentence if the winner overfits, and one if some of its runs failed."""
    winner, notes = results.full[0], []
    if winner.overfits:
        notes.append(f"It overfits: train - test is {100 * winner.gap:.1f} points.")
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
    bound = f"the bound on the train-validation gap ({points_text(max_gap)} points)"
    if not guard.any_within:
        left_aside = "it was left aside, and all trials were considered"
        return [f"No trial with half of the best score or more kept to {bound}: {left_aside}."]
    if guard.chosen.key == guard.without.key:
        return [f"{bound[0].upper()}{bound[1:]} cost nothing: the first choice is the same without it."]
    without = f"{config_text(guard.without.config)}: {_score_and_gap(guard.without)}"
    chosen = f"{config_text(guard.chosen.config)}: {_score_and_gap(guard.chosen)}"
    return [f"Without {bound} the search's first choice would have been {without}; with it, it is {chosen}."]


def _score_and_gap(trial: TrialResult) -> str:
    gap = "an unknown gap" if trial.gap is None else f"a gap of {points_text(trial.gap)} points"
    at = f" at {max(trial.rungs)} % of its training" if trial.stopped and trial.rungs else ""
    return f"{percent(trial.score)} % in validation{at} with {gap}"


def _interval(text: str) -> str:
    return f"{CONFIDENCE_TEXT} interval {text}" if text != "-" else "no interval from one run"
