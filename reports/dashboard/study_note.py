"""The note of a study: the verdict, the good values, what they reach on all of the data, and where the search went."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from hpo.definition.parts import FINAL_SUFFIX
from hpo.proof.final_runs import FullResult
from hpo.record.results import StudyResults
from hpo.reports.dashboard.markdown import escaped, link, table
from hpo.reports.facts.outcomes import n_train, outcomes
from hpo.reports.words.carrying_over import MARKS, trained_again
from hpo.reports.words.formatting import (
    CONFIDENCE_TEXT,
    config_label,
    count_text,
    data_text,
    interval_percent,
    interval_points,
    percent,
    points_text,
    region_text,
    value_text,
)
from hpo.reports.words.inert import mark_note, marked
from hpo.reports.words.verdict import config_in_use, verdict
from hpo.searching.space import Config

COLUMNS = (
    "Of a trial's attributes, *round* and *place* say where it belongs, *training images* and *epochs* on how many "
    "and for how long it trains, *trains to %* how much of that it may do by now, *reason* why it failed."
)
FINAL_COLUMNS = (
    "*stage* says what a run is for: race, confirm, or on all of the data full (a good value), probe_lower and "
    "probe_higher (half and twice the winner's learning rate), plain (the winner's values, not carried over) and "
    "adopted (one of these, taken). *trial of the search* is the one that its config comes from, *run* "
    "counts its fresh runs."
)


def study_note(results: StudyResults, study_ids: Mapping[str, int]) -> str:
    """Return the note of the study. `study_ids` are those of the Optuna studies that it links to, by their names."""
    trials = study_ids[results.definition.name]
    body = _comparison(results) if results.definition.comparison is not None else _search(results, trials)
    return "\n\n".join([f"## {escaped(results.definition.title)}", escaped(verdict(results)), *body, *_more(results)])


def final_note(results: StudyResults, study_ids: Mapping[str, int]) -> str:
    """Return the note of the study's final part: what it is, and what its runs on all of the data reached."""
    name = results.definition.name
    whole = link(escaped(name), "dashboard", "studies", str(study_ids[name]))
    return "\n\n".join(
        [
            f"## Fresh runs of the good values of {whole}",
            "The best configs of the search race here, are confirmed and trained on all of the data: one trial a run.",
            *_on_all_of_the_data(results),
            FINAL_COLUMNS,
        ]
    )


def _search(results: StudyResults, study_id: int) -> list[str]:
    return [*_good_values(results, study_id), *_on_all_of_the_data(results), *_rounds(results)]


def _good_values(results: StudyResults, study_id: int) -> list[str]:
    if not results.good:
        return []
    header = ["rank", "trial", *_names(results), "confirmed %", f"{CONFIDENCE_TEXT} interval", "search %"]
    rows = [
        [
            str(good.rank),
            trial_link(study_id, good.trial),
            *_values(good.config),
            percent(good.confirmed.mean),
            interval_percent(good.confirmed),
            percent(good.search_score) + (f" at {good.trained} %" if good.trained < 100 else ""),
        ]
        for good in results.good
    ]
    runs, images = results.good[0].confirmed.runs, n_train(results, len(results.definition.rounds))
    told = (
        f"confirmed: mean validation accuracy of {count_text(runs, 'fresh run')} on {images} training images. search: "
        "the score that caught the eye, not one to expect. rank: by the gap between train and validation accuracy in "
        "the race, the smallest first." + mark_note(results)
    )
    return ["### Good values", table(header, rows), escaped(told)]


def _on_all_of_the_data(results: StudyResults) -> list[str]:
    if not results.full:
        return []
    again = trained_again(results)
    header = ["", *marked_names(results), "validation %", "test % (interval)", "train %", "gap"]
    rows = [
        [
            _mark(place, full),
            *_values(config_in_use(results, full)),
            percent(full.validation.mean),
            f"{percent(full.test.mean)} ({interval_percent(full.test)})" if full.test.runs else "-",
            percent(full.train.mean),
            points_text(full.gap) + (" (overfits)" if full.overfits else ""),
        ]
        for place, full in enumerate(results.full)
        if full is not again
    ]
    seeds = count_text(len(results.full[0].runs), "seed")
    told = (
        f"{results.data['pool']} training images of {data_text(results)}, mean of {seeds}. *: the winner, chosen by "
        f"validation. gap: train - test, in points. The test set was opened "
        f"{count_text(len(results.ledger), 'time')} for this study, and chose nothing." + mark_note(results)
    )
    return ["### On all of the data", table(header, rows), escaped(told)]


def _rounds(results: StudyResults) -> list[str]:
    if not results.rounds:
        return []
    best: dict[int, float] = {}
    for each in outcomes(results):
        if each.score is not None and each.state in ("complete", "stopped"):
            best[each.round] = max(best.get(each.round, 0.0), each.score)
    names = list(results.definition.space.hyperparameters)
    rows = [
        [
            str(opened.number),
            *[escaped(region_text(region)) for region in opened.box.regions.values()],
            str(len(opened.configs)),
            str(n_train(results, opened.number)),
            str(results.definition.rounds[opened.number - 1].epochs),
            percent(best[opened.number]) if opened.number in best else "-",
        ]
        for opened in results.rounds
    ]
    why = [f"- round {opened.number}: {escaped('; '.join(opened.why))}" for opened in results.rounds]
    header = ["round", *map(escaped, names), "trials", "images", "epochs", "best %"]
    return ["### Where the search looked", table(header, rows), "\n".join(why)]


def _comparison(results: StudyResults) -> list[str]:
    if not results.compared:
        return []
    header = ["config", "train %", "validation %", "test % (interval)", "gap (interval)"]
    rows = [
        [
            escaped(config_label(each.config)),
            percent(each.train.mean),
            percent(each.validation.mean),
            f"{percent(each.test.mean)} ({interval_percent(each.test)})",
            f"{points_text(each.gap.mean)} ({interval_points(each.gap)})",
        ]
        for each in results.compared
    ]
    runs = max(len(each.runs) for each in results.compared)
    told = (
        f"Means of up to {count_text(runs, 'run')} with {CONFIDENCE_TEXT} intervals; gap: train - test, in points. "
        f"The test set was opened {count_text(len(results.ledger), 'time')} for this study."
    )
    return ["### The configs", table(header, rows), escaped(told)]


def _more(results: StudyResults) -> list[str]:
    name = results.definition.name
    report = link("the report", "report", name)
    state = "Done." if results.state == "done" else "Still running: this note is kept current."
    text = f"{state} More: {report}, or as files with `hpo report --study {shlex.quote(name)}`."
    return ["---", text, *([] if results.definition.comparison is not None else [COLUMNS])]


def trial_link(study_id: int, number: int) -> str:
    """Return a link to a trial's page in the dashboard."""
    return link(str(number), "dashboard", "studies", str(study_id), "trials", query=f"?numbers={number}")


def marked_names(results: StudyResults) -> list[str]:
    """Return the names of what the configs on all of the data set, marked where the value is no finding."""
    return [escaped(name) for name in marked(results, list(config_in_use(results, results.full[0])))]


def _names(results: StudyResults) -> list[str]:
    return [escaped(name) for name in marked(results, list(results.definition.space.hyperparameters))]


def _values(config: Config) -> Sequence[str]:
    return [escaped(value_text(value)) for value in config.values()]


def _mark(place: int, full: FullResult) -> str:
    return escaped(MARKS.get(full.stage, "*" if place == 0 else ""))


def final_name(results: StudyResults) -> str:
    """Return the name of the Optuna study that is the final part."""
    return results.final_part or results.definition.name + FINAL_SUFFIX
