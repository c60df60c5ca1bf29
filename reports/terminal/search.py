"""What a run prints at its end: rounds, good values, results on all of the data. Every line fits 80 columns.

The texts keep to ASCII, so that a pipe or an old console shows them too.
"""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from hpo.record.results import StudyResults
from hpo.reports.facts.outcomes import n_train
from hpo.reports.tables.search import rounds_table
from hpo.reports.terminal.comparison import comparison_panel
from hpo.reports.terminal.layout import Row, config_table, panel, paragraphs
from hpo.reports.words.carrying_over import trained_again
from hpo.reports.words.explaining import (
    all_data_explained,
    findings,
    good_values_explained,
    openings_text,
    place_mark,
    search_score,
)
from hpo.reports.words.formatting import (
    CONFIDENCE_TEXT,
    boundary_text,
    data_text,
    interval_percent,
    percent,
    points_text,
    region_text,
    value_text,
)
from hpo.reports.words.inert import boundaries_that_matter, inert_note, marked
from hpo.reports.words.verdict import config_in_use, race_text, verdict
from hpo.searching.space import Config

__all__ = ["comparison_panel", "full_panel", "good_values_panel", "rounds_panel", "verdict"]


def rounds_panel(results: StudyResults) -> RenderableType:
    """Return where each round looked, its best score, and below the table what was done to its box and why."""
    title = f"Rounds of {results.definition.name} on {data_text(results)}"
    if not results.rounds:
        return panel(title, [Text("No round is open yet.")])
    best = rounds_table(results)["best_validation_accuracy"]
    rows: list[Row] = []
    why: list[tuple[str, str]] = []
    for i, opened in enumerate(results.rounds):
        images, epochs = n_train(results, opened.number), results.definition.rounds[i].epochs
        regions = [region_text(region) for region in opened.box.regions.values()]
        rest = [str(len(opened.configs)), str(images), str(epochs), percent(best[i])]
        rows.append((str(opened.number), regions, rest))
        why += [(f"round {opened.number}" if j == 0 else "", text) for j, text in enumerate(opened.why)]
    table = config_table("round", _names(results), ["trials", "images", "epochs", "best %"], rows)
    flattery = Text("best: validation accuracy of the round's luckiest trial, so it flatters.", style="dim")
    return panel(title, [table, Text(""), paragraphs(why), Text(""), flattery])


def good_values_panel(results: StudyResults) -> RenderableType:
    """Return the configs that cannot be told from the best, with the score of their confirmation runs."""
    title = f"Good values, found on {data_text(results)}"
    if not results.good:
        return panel(title, [Text("None yet: they are known when all rounds are over and the best have raced.")])
    rows: list[Row] = [
        (
            str(good.rank),
            _values(good.config),
            [percent(good.confirmed.mean), interval_percent(good.confirmed), search_score(good)],
        )
        for good in results.good
    ]
    names = marked(results, _names(results))
    table = config_table("rank", names, ["confirmed %", f"{CONFIDENCE_TEXT} interval", "search %"], rows)
    at_boundary = {good.rank: boundaries_that_matter(results, good.at_boundary) for good in results.good}
    notes = [
        f"Rank {rank}: {boundary_text(results.definition.space, names)}" for rank, names in at_boundary.items() if names
    ]
    race = race_text(results)
    notes = [f"{race[0].upper()}{race[1:]}.", *notes, *inert_note(results)]
    explained = Text(good_values_explained(results), style="dim")
    return panel(title, [table, Text(""), *[Text(note) for note in notes], explained])


def full_panel(results: StudyResults) -> RenderableType:
    """Return the good values trained on all of the data, the winner first, what was tried around it last."""
    title = f"On all of the data: {results.data['pool']} training images of {data_text(results)}"
    openings = Text(openings_text(results), style="dim")
    if not results.full:
        return panel(title, [Text("Not trained yet: the good values come first."), openings, Text("")])
    again = trained_again(results)  # what was taken was trained again: one row tells of both
    rows: list[Row] = [
        (
            place_mark(place, full),
            _values(config_in_use(results, full)),
            [
                percent(full.validation.mean),
                f"{percent(full.test.mean)} ({interval_percent(full.test)})" if full.test.runs else "-",
                percent(full.train.mean),
                points_text(full.gap) + ("!" if full.overfits else ""),
            ],
        )
        for place, full in enumerate(results.full)
        if full is not again
    ]
    names = marked(results, list(config_in_use(results, results.full[0])))
    table = config_table("", names, ["validation", "test (interval)", "train", "gap"], rows)
    notes = [Text(note) for note in findings(results)]
    return panel(title, [table, Text(""), *notes, Text(all_data_explained(results), style="dim"), openings, Text("")])


def _names(results: StudyResults) -> list[str]:
    return list(results.definition.space.hyperparameters)


def _values(config: Config) -> list[str]:
    return [value_text(value) for value in config.values()]
