"""The page of a search, section by section, in the order of a reader's questions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpo.proof.final_runs import FullResult
from hpo.record.results import StudyResults
from hpo.reports.facts.gaps import large_gap
from hpo.reports.facts.importance import importances
from hpo.reports.facts.outcomes import n_train, outcomes
from hpo.reports.figures.drawn import Drawn
from hpo.reports.figures.good_values import used
from hpo.reports.page.blocks import Block, Folded, Grid, Page, Paragraph, Section, paragraphs
from hpo.reports.page.cells import Table, config_head, config_texts, sentence, sheet_table
from hpo.reports.page.costs import ledger_section, time_section
from hpo.reports.page.pictures import Pictures
from hpo.reports.page.reproduce import reproduce_section
from hpo.reports.page.use import use_section
from hpo.reports.sheets.all_data import all_data_sheet
from hpo.reports.sheets.good_values import good_values_sheet
from hpo.reports.sheets.rounds import reasons, rounds_sheet
from hpo.reports.words.abilities import missing_abilities, runs_text
from hpo.reports.words.carrying_over import carrying_note, change_notes
from hpo.reports.words.certificate import certificate_note
from hpo.reports.words.formatting import data_text, examples, region_text
from hpo.reports.words.ledger import ledger_text
from hpo.reports.words.luck import luck_note
from hpo.reports.words.no_effect import no_effect_note
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    difference_words,
    head,
    score_text,
    sign_of,
    span_text,
    train_gap,
)
from hpo.reports.words.outside_start import outside_start_note
from hpo.reports.words.verdict import unopened_text
from hpo.reports.words.what_next import what_next
from hpo.searching.metric import Metric
from hpo.searching.relevance import Relevance

EFFECTS = {
    "relevant": "yes",
    "no effect detected": "no effect detected",
    "too few trials to tell": "too few trials to tell",
}


def search_page(results: StudyResults, drawn: Sequence[Drawn]) -> Page:
    """Return the page of the search `results`, finished or not; sections with nothing to say yet are left out."""
    pictures = Pictures(drawn)
    sections = [
        use_section(results),
        _good(results, pictures),
        _all_data(results, pictures),
        _overfitting(results, pictures),
        _where(results, pictures),
        _learning(pictures),
        _matters(results, pictures),
        _worth(results, pictures),
        time_section(results, pictures),
        ledger_section(results, ledger_text(results)),
        Section("next", "What next?", paragraphs(what_next(results))),
        Section("more", "More figures", pictures.take_rest()),
        reproduce_section(results),
    ]
    subtitle = f"study {results.definition.name} on {data_text(results)}"
    return Page(results.definition.title, subtitle, [each for each in sections if each.blocks])


def _good(results: StudyResults, pictures: Pictures) -> Section:
    section = "How sure is that? The good values"
    sheet = good_values_sheet(results)
    if not sheet.rows:
        return Section("good", section, pictures.take("good_values"))
    changes = change_notes(results)
    blocks: list[Block] = [
        Paragraph(_how_sure(results)),
        *paragraphs([note for note in sheet.notes if note not in changes], "warning"),
        *pictures.take("good_values"),
        Grid(sheet_table("Good values", sheet)),
        *paragraphs([*changes, *missing_abilities(results)], "note"),
    ]
    return Section("good", section, [*blocks, *_others(results)])


def _how_sure(results: StudyResults) -> str:
    """Return what the race is sure of; which configs it was sure of stands in the conclusion already."""
    like_the_best = sum(not place.worse for place in results.raced)
    if like_the_best <= 1:
        there = f", on as many {examples(results)} as there" if results.definition.abilities.samples else ""
        return f"With {CONFIDENCE_TEXT} probability it is the best of the finalists{there}."
    on = f" The {len(results.good)} that went on are below." if len(results.good) < like_the_best else ""
    return (
        f"With {CONFIDENCE_TEXT} probability the best of the finalists is among the {like_the_best} that are "
        f"statistically tied: any of them may be as good.{on}"
    )


def _others(results: StudyResults) -> list[Block]:
    """Return what raced and is no good value."""
    rest = [place for place in results.raced if not place.good]
    if not rest:
        return []
    metric = results.definition.metric
    rows = [
        [
            str(place.trial),
            *config_texts(results, place.config),
            score_text(metric, place.mean),
            str(place.runs),
            "worse than the best" if place.worse else "no place left",
        ]
        for place in rest
    ]
    heads = ["trial", *config_head(results), head(metric, "race"), "runs", "why not"]
    note = (
        f"race: mean validation {metric.name} of its runs in the race; a little too optimistic, as it decided who went "
        "on."
    )
    table = Table("Finalists that did not go on", heads, rows, left=["why not"], notes=[note])
    return [Folded(f"{len(rest)} more finalists did not go on", [Grid(table)])]


def _all_data(results: StudyResults, pictures: Pictures) -> Section:
    blocks: list[Block] = [*pictures.take("subset_against_full")]
    sheet = all_data_sheet(results)
    if sheet.rows:
        table = Grid(sheet_table(sheet.title.partition(":")[0], sheet))
        told = paragraphs([_in_words(results), *carrying_note(results)])
        blocks = [*told, *blocks, table, *paragraphs(sheet.notes, "note")]
    where = "all of the data" if results.definition.abilities.samples else "the test set"
    return Section("all-data", f"Does it hold on {where}?", blocks)


def _in_words(results: StudyResults) -> str:
    """Return what the good values reached on all of the data, and before."""
    ranked = list(used(results).values())
    of = "good value reaches" if len(ranked) == 1 else f"{len(ranked)} good values reach"
    images, seeds = results.data["pool"], runs_text(results, len(ranked[0].runs))
    metric, noun = results.definition.metric, examples(results)
    validation = f"{span_text(metric, [full.validation.mean for full in ranked])}{sign_of(metric)}"
    subset = results.definition.abilities.samples
    told = f"{f'Trained on {images} {noun} with' if subset else 'In'} {seeds} each, the {of} {validation} in validation"
    tested = [full.test.mean for full in ranked if full.test.runs]
    told += f" and {span_text(metric, tested)}{sign_of(metric)} on the test {noun}" if tested else ""
    before = [good.confirmed.mean for good in results.good if good.confirmed.runs]
    if not before:
        return f"{told}."
    was = f"{span_text(metric, before)}{sign_of(metric)}"
    if not subset:
        return f"{told}; the runs that confirmed them reached {was} in validation."
    taken = n_train(results, len(results.definition.rounds))
    return f"{told}; on the search's {taken} {noun} it was {was} in validation."


def _overfitting(results: StudyResults, pictures: Pictures) -> Section:
    blocks: list[Block] = [*pictures.take("gaps")]
    ranked, metric = [full for full in used(results).values() if not math.isnan(full.gap)], results.definition.metric
    if ranked:
        large = [full for full in ranked if full.overfits]
        blocks.insert(0, Paragraph(_how_large(metric, ranked, len(large)), "warning" if large else ""))
    return Section("overfitting", "Did it overfit?", blocks)


def _how_large(metric: Metric, ranked: Sequence[FullResult], large: int) -> str:
    """Return how many of the `ranked` overfit; where nobody can say what is large, how large their gaps are."""
    gap, most, bound = train_gap(metric), max(full.gap for full in ranked), large_gap(metric)
    if bound is None:
        told = f"{gap[:1].upper()}{gap[1:]} is {difference_words(metric, most)} at most."
        return f"{told} How much would be overfitting can't be said, for {metric.name} has no bounds."
    told = difference_words(metric, bound)
    if large:
        return f"{large} of {len(ranked)} good values overfit: {gap} is over {told}."
    return f"No: {gap} is {difference_words(metric, most)} at most; over {told} would be called overfitting here."


def _where(results: StudyResults, pictures: Pictures) -> Section:
    blocks: list[Block] = [*paragraphs(outside_start_note(results)), *pictures.take("boxes")]
    sheet = rounds_sheet(results)
    if sheet.rows:
        why = [[str(number), sentence(text)] for number, text in reasons(results)]
        blocks += [
            Grid(sheet_table("Rounds", sheet)),
            Grid(Table("Why there", ["round", "what was done to the box"], why, left=["what was done to the box"])),
            *paragraphs(unopened_text(results)),
            *_failed(results),
        ]
    return Section("where", "Where did the search look?", blocks)


def _failed(results: StudyResults) -> list[Block]:
    failed = [each for each in outcomes(results) if each.state == "failed"]
    if not failed:
        return []
    rows = [[str(each.trial.number), *config_texts(results, each.config), each.reason or ""] for each in failed]
    table = Table(
        "Trials that failed", ["trial", *results.definition.space.hyperparameters, "reason"], rows, ["reason"]
    )
    return [Folded(f"{len(failed)} of {len(results.queued)} trials failed", [Grid(table)])]


def _learning(pictures: Pictures) -> Section:
    return Section("curves", "How did the best ones learn?", pictures.take("curves"))


def _matters(results: StudyResults, pictures: Pictures) -> Section:
    blocks: list[Block] = [*pictures.take("importance", "importances")]
    if results.relevance and results.trials:
        found = importances(results)
        rows = [
            [
                each.name,
                _tried(each),
                str(each.trials),
                "-" if math.isnan(each.p) else f"{each.p:.2g}",
                EFFECTS[each.verdict],
                f"{100 * found.shares[each.name]:.0f} %" if found and each.name in found.shares else "-",
            ]
            for each in results.relevance
        ]
        note = (
            "p: permutation test of no effect; at most .05 counts as an effect. No effect detected does not prove that "
            "there is none. importance: PED-ANOVA, the share of what sets the best trials apart; chance gets some, too."
        )
        head = ["hyperparameter", "tried", "trials", "p", "effect", "importance"]
        table = Table("Do the scores depend on it?", head, rows, ["hyperparameter", "tried", "effect"], notes=[note])
        blocks = [*paragraphs(no_effect_note(results)), *blocks, Grid(table)]
    return Section("matters", "What matters, and what does not?", blocks)


def _tried(found: Relevance) -> str:
    return "-" if found.verdict == "too few trials to tell" else region_text(found.tried)


def _worth(results: StudyResults, pictures: Pictures) -> Section:
    texts = [*luck_note(results), *([] if results.state == "done" else map(sentence, certificate_note(results)))]
    blocks: list[Block] = [*paragraphs(texts), *pictures.take("history")] if results.trials else []
    return Section("worth", "What is the search's score worth?", blocks)
