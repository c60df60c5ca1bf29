"""The notes of the trials that became good values, and of their runs on all of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hpo.proof.final_runs import FinalRun, FullResult
from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults
from hpo.reports.dashboard.markdown import escaped
from hpo.reports.dashboard.study_note import final_name, trial_link
from hpo.reports.facts.facts import facts_of
from hpo.reports.words.abilities import runs_text
from hpo.reports.words.carrying_over import change_notes
from hpo.reports.words.formatting import (
    boundary_text,
    config_text,
    count_text,
    data_text,
    examples,
)
from hpo.reports.words.no_effect import boundaries_with_effect
from hpo.reports.words.numbers import (
    difference_words,
    interval_sentence,
    mean_words,
    named_mean,
    score_words,
    train_gap,
)
from hpo.searching.queued import DONE


def good_value_notes(results: StudyResults, study_ids: Mapping[str, int]) -> dict[int, str]:
    """Return the note of each trial of the search that became a good value, by the trial's id in the database."""
    ids = {trial.number: trial.id for trial in results.queued}
    return {ids[good.trial]: _good_value(results, good, study_ids) for good in results.good}


def run_notes(results: StudyResults, study_ids: Mapping[str, int]) -> dict[int, str]:
    """Return the note of the first run on all of the data of what may be used, by its trial's id."""
    notes: dict[int, str] = {}
    for full in results.full:
        first = first_run(full)
        if full.ranked and first is not None:
            trial = trial_link(study_ids[results.definition.name], full.source_trial)
            where = "on all of the data" if results.definition.abilities.samples else "on the test set"
            what = f"First of {count_text(len(full.runs), 'run')} {where} of trial {trial} of the search."
            notes[first.id] = f"{what}\n\n{escaped(_reached(results, full))}"
    return notes


def first_run(full: FullResult) -> FinalRun | None:
    """Return the run whose network is kept."""
    return next((run for run in full.runs if run.run == 0), None)


def _good_value(results: StudyResults, good: GoodValue, study_ids: Mapping[str, int]) -> str:
    metric = results.definition.metric
    searched = score_words(metric, good.search_score)
    in_search = (
        f"In the search it was stopped at {good.trained} % of its training with {searched}; similar configs did well."
        if good.trained < DONE
        else f"In the search it scored {searched}, which is usually too optimistic."
    )
    lines = [
        f"### Good value {good.rank} of {len(results.good)}",
        escaped(
            f"Confirmed: {named_mean(metric, good.confirmed)} in validation "
            f"({interval_sentence(metric, good.confirmed)}, "
            f"{count_text(good.confirmed.runs, 'fresh run')})."
            if good.confirmed.runs
            else "It is being confirmed."
        ),
        escaped(f"{in_search} In the race {score_words(metric, good.race)}."),
    ]
    facts = facts_of(results)
    if facts.recommended.key == good.key and facts.recommended.config is not None:
        lines.insert(1, escaped(f"Recommended: {config_text(facts.recommended.config)}."))
        lines += [escaped(note) for note in change_notes(results)]
    for each in facts.trained:
        full = each.result
        if full.source == good.key and full.ranked:
            first = first_run(full)
            run = (
                ""
                if first is None
                else f" (first run: trial {trial_link(study_ids[final_name(results)], first.number)})"
            )
            again = "On all of the data" if results.definition.abilities.samples else "On the test set"
            as_used = config_text(each.config)
            lines.append(f"{escaped(f'{again}, with {as_used}: {_reached(results, full)}')}{run}")
    boundary = boundaries_with_effect(results, good.at_boundary)
    if boundary:
        lines.append(escaped(boundary_text(results.definition.space, boundary)))
    network = " and its trained network, for `models.load_network`" if examples(results) == "images" else ""
    lines.append(f"Artifacts below: its learning curves as CSV{network}.")
    return "\n\n".join(lines)


def _reached(results: StudyResults, full: FullResult) -> str:
    metric = results.definition.metric
    where = "the test set" if results.complete_data else f"the test {examples(results)} of {data_text(results)}"
    flag = ", so it overfits" if full.overfits else ""
    seeds = runs_text(results, len(full.runs))
    gap = "" if math.isnan(full.gap) else f", gap {train_gap(metric)} {difference_words(metric, full.gap)}{flag}"
    if not full.test.runs:
        interval = interval_sentence(metric, full.validation)
        return f"{named_mean(metric, full.validation)} in validation ({interval}, {seeds}){gap}."
    return (
        f"{named_mean(metric, full.test)} on {where} ({interval_sentence(metric, full.test)}, {seeds}), "
        f"{mean_words(metric, full.validation)} in validation{gap}."
    )
