"""The page of a search, section by section, in the order of a reader's questions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpo.proof.final_runs import LARGE_GAP
from hpo.record.results import StudyResults
from hpo.reports.facts.importance import importances
from hpo.reports.facts.outcomes import n_train, outcomes
from hpo.reports.figures.drawn import Drawn
from hpo.reports.figures.good_values import taken_elsewhere, used
from hpo.reports.page.blocks import Block, Folded, Grid, Page, Paragraph, Section, paragraphs
from hpo.reports.page.cells import Table, config_head, config_texts, sentence
from hpo.reports.page.costs import ledger_section, time_section
from hpo.reports.page.pictures import Pictures
from hpo.reports.page.reproduce import reproduce_section
from hpo.reports.page.use import use_section
from hpo.reports.tables.search import rounds_table
from hpo.reports.words.carrying_over import carrying_note, trained_again
from hpo.reports.words.certificate import certificate_note
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
    count_text,
    data_text,
    interval_percent,
    percent,
    points_text,
    region_text,
)
from hpo.reports.words.inert import boundaries_that_matter, inert_note
from hpo.reports.words.luck import luck_note
from hpo.reports.words.outside import outside_note
from hpo.reports.words.verdict import config_in_use, unopened_text
from hpo.searching.relevance import Relevance


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
        ledger_section(results, openings_text(results)),
        Section("more", "More figures", pictures.take_rest()),
        reproduce_section(results),
    ]
    subtitle = f"study {results.definition.name} on {data_text(results)}"
    return Page(results.definition.title, subtitle, [each for each in sections if each.blocks])


def _good(results: StudyResults, pictures: Pictures) -> Section:
    section = "How sure is that? The good values"
    if not results.good:
        return Section("good", section, pictures.take("good_values"))
    head = ["rank", *config_head(results), "confirmed %", f"{CONFIDENCE_TEXT} interval", "search %"]
    rows = [
        [
            str(good.rank),
            *config_texts(good.config),
            percent(good.confirmed.mean),
            interval_percent(good.confirmed),
            search_score(good),
        ]
        for good in results.good
    ]
    boundaries = [
        f"Rank {good.rank}: {boundary_text(results.definition.space, names)}"
        for good in results.good
        if (names := boundaries_that_matter(results, good.at_boundary))
    ]
    best = [i for i, good in enumerate(results.good) if results.full and good.key == results.full[0].source]
    taken = "".join(f": {each}" for each in taken_elsewhere(results, results.full[0])) if best else ""
    notes = [*([f"bold: the one to use{taken}."] if best else []), good_values_explained(results)]
    table = Table("Good values", head, rows, strong=best, notes=[" ".join(notes)])
    blocks: list[Block] = [
        Paragraph(_how_sure(results)),
        *paragraphs(boundaries, "warning"),
        *pictures.take("good_values"),
    ]
    return Section("good", section, [*blocks, Grid(table), *_others(results)])


def _how_sure(results: StudyResults) -> str:
    """Return what the race is sure of; which configs it was sure of stands in the conclusion already."""
    like_the_best = sum(not place.worse for place in results.raced)
    if like_the_best <= 1:
        return f"With {CONFIDENCE_TEXT} probability it is the best of those that raced, on as many images as there."
    on = f" The {len(results.good)} that went on are below." if len(results.good) < like_the_best else ""
    return (
        f"With {CONFIDENCE_TEXT} probability the best of those that raced is among the {like_the_best} that the race "
        f"cannot tell apart: any of them may be as good.{on}"
    )


def _others(results: StudyResults) -> list[Block]:
    """Return what raced and is no good value."""
    rest = [place for place in results.raced if not place.good]
    if not rest:
        return []
    rows = [
        [
            str(place.trial),
            *config_texts(place.config),
            percent(place.mean),
            str(place.runs),
            "worse than the best" if place.worse else "no place left",
        ]
        for place in rest
    ]
    head = ["trial", *config_head(results), "race %", "runs", "why not"]
    note = (
        "race: mean validation accuracy of its runs in the race, on other images than those of the confirmation; it "
        "chose who went on, so it is not one to expect either."
    )
    table = Table("Raced, and did not go on", head, rows, left=["why not"], notes=[note])
    return [Folded(f"{len(rest)} more raced and did not go on", [Grid(table)])]


def _all_data(results: StudyResults, pictures: Pictures) -> Section:
    blocks: list[Block] = [*pictures.take("subset_against_full")]
    if results.full:
        again = trained_again(results)  # what was taken was trained again: one row tells of both
        shown = [(place, full) for place, full in enumerate(results.full) if full is not again]
        names = list(config_in_use(results, results.full[0]))
        head = ["", *config_head(results, names), "validation", "test (interval)", "train", "gap"]
        rows = [
            [
                place_mark(place, full),
                *config_texts(config_in_use(results, full)),
                percent(full.validation.mean),
                f"{percent(full.test.mean)} ({interval_percent(full.test)})" if full.test.runs else "-",
                percent(full.train.mean),
                points_text(full.gap) + ("!" if full.overfits else ""),
            ]
            for place, full in shown
        ]
        notes = [*findings(results), all_data_explained(results)]
        table = Table("On all of the data", head, rows, strong=[0], left=[""], notes=notes)
        blocks = [*paragraphs([_in_words(results), *carrying_note(results)]), *blocks, Grid(table)]
    return Section("all-data", "Does it hold on all of the data?", blocks)


def _in_words(results: StudyResults) -> str:
    """Return what the good values reached on all of the data, and before."""
    ranked = list(used(results).values())
    of = "good value reaches" if len(ranked) == 1 else f"{len(ranked)} good values reach"
    images, seeds = results.data["pool"], count_text(len(ranked[0].runs), "seed")
    told = (
        f"Trained on {images} images with {seeds} each, the {of} {_span([full.validation.mean for full in ranked])} % "
        f"in validation and {_span([full.test.mean for full in ranked])} % on the test images"
    )
    before = [good.confirmed.mean for good in results.good if good.confirmed.runs]
    subset = n_train(results, len(results.definition.rounds))
    return f"{told}; on the search's {subset} images it was {_span(before)} % in validation." if before else f"{told}."


def _span(shares: Sequence[float]) -> str:
    """Return the lowest and the highest of `shares` in percent, once where they read the same."""
    low, high = percent(min(shares)), percent(max(shares))
    return low if low == high else f"{low} .. {high}"


def _overfitting(results: StudyResults, pictures: Pictures) -> Section:
    blocks: list[Block] = [*pictures.take("gaps")]
    ranked = list(used(results).values())
    if ranked:
        large = [full for full in ranked if full.overfits]
        bound = f"{points_text(LARGE_GAP)} points"
        told = (
            f"{len(large)} of {len(ranked)} good values overfit: train - test is over {bound}."
            if large
            else f"No: train - test is {points_text(max(full.gap for full in ranked))} points at most; over {bound} "
            "would be called overfitting here."
        )
        blocks.insert(0, Paragraph(told, "warning" if large else ""))
    return Section("overfitting", "Did it overfit?", blocks)


def _where(results: StudyResults, pictures: Pictures) -> Section:
    blocks: list[Block] = [*paragraphs(outside_note(results)), *pictures.take("boxes")]
    if results.rounds:
        found = rounds_table(results)
        head = ["round", *results.definition.space.hyperparameters, "trials", "images", "epochs", "best %"]
        rows = [
            [
                str(opened.number),
                *[region_text(region) for region in opened.box.regions.values()],
                str(len(opened.configs)),
                str(found["n_train"][i]),
                str(found["epochs"][i]),
                percent(found["best_validation_accuracy"][i]),
            ]
            for i, opened in enumerate(results.rounds)
        ]
        flattery = "best: validation accuracy of the round's luckiest trial, so it flatters."
        why = [[str(opened.number), sentence("; ".join(opened.why))] for opened in results.rounds if opened.why]
        blocks += [
            Grid(Table("Rounds", head, rows, notes=[flattery])),
            Grid(Table("Why there", ["round", "what was done to the box"], why, left=["what was done to the box"])),
            *paragraphs(unopened_text(results)),
            *_failed(results),
        ]
    return Section("where", "Where did the search look?", blocks)


def _failed(results: StudyResults) -> list[Block]:
    failed = [each for each in outcomes(results) if each.state == "failed"]
    if not failed:
        return []
    rows = [[str(each.trial.number), *config_texts(each.config), each.reason or ""] for each in failed]
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
                each.verdict,
                "-" if found is None else f"{100 * found.shares[each.name]:.0f} %",
            ]
            for each in results.relevance
        ]
        note = (
            "p: how often chance explains the scores as well as the hyperparameter does (permutation test); relevant: "
            ".05 or less. inert: no effect found, which does not prove that there is none. importance: its share of "
            "what sets the best trials apart (PED-ANOVA); chance gets a share, too."
        )
        head = ["hyperparameter", "tried", "trials", "p", "verdict", "importance"]
        table = Table("Do the scores depend on it?", head, rows, ["hyperparameter", "tried", "verdict"], notes=[note])
        blocks = [*paragraphs(inert_note(results)), *blocks, Grid(table)]
    return Section("matters", "What matters, and what does not?", blocks)


def _tried(found: Relevance) -> str:
    return "-" if found.verdict == "too few trials to tell" else region_text(found.tried)


def _worth(results: StudyResults, pictures: Pictures) -> Section:
    texts = [*luck_note(results), sentence(certificate_note(results))]
    blocks: list[Block] = [*paragraphs(texts), *pictures.take("history")] if results.trials else []
    return Section("worth", "What is the search's score worth?", blocks)
