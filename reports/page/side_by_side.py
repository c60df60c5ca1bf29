"""The page of several studies side by side."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.record.results import StudyResults
from hpo.reports.figures.drawn import Drawn
from hpo.reports.figures.studies import accuracy_text
from hpo.reports.page.blocks import Block, Code, Folded, Grid, Page, Paragraph, Section, paragraphs
from hpo.reports.page.cells import Table, duration
from hpo.reports.page.pictures import Pictures
from hpo.reports.words.formatting import CONFIDENCE_TEXT, config_text, interval_percent, percent, points_text
from hpo.reports.words.reproducing import report_again
from hpo.reports.words.summary import Summary, summary
from hpo.reports.words.verdict import verdict


def side_by_side_page(studies: Sequence[StudyResults], drawn: Sequence[Drawn]) -> Page:
    """Return the page of `studies`, in their order."""
    found = [summary(results) for results in studies]
    warned = _warnings(found)
    sections = [
        Section("found", "What each says to use", [*warned, *Pictures(drawn).take_rest(), Grid(_table(found))]),
        Section("verdicts", "What each found", [_verdict(results) for results in studies]),
        _good(studies),
        Section("again", "The report of each", [Code("In a shell", "\n".join(map(report_again, studies)))]),
    ]
    names = ", ".join(each.name for each in found)
    return Page("Studies side by side", names, [each for each in sections if each.blocks])


def _warnings(found: Sequence[Summary]) -> list[Paragraph]:
    """Return what keeps the studies from being compared."""
    texts = []
    if len({each.sha256 for each in found}) > 1:
        data = "; ".join(f"{each.name}: {each.data}" for each in found)
        texts.append(f"They are on different data, so their accuracies cannot be compared ({data}).")
    running = [each.name for each in found if each.state != "done"]
    if running:
        texts.append(f"Not finished: {', '.join(running)}. What is known of them may change.")
    return paragraphs(texts, "warning")


def _table(found: Sequence[Summary]) -> Table:
    head = [
        "study",
        "values",
        "images",
        "validation %",
        "test % (interval)",
        "gap",
        "trainings",
        "training",
        "test evaluations",
    ]
    rows = [
        [
            each.name,
            each.values,
            "-" if each.n_train is None else str(each.n_train),
            percent(each.validation.mean),
            accuracy_text(each).replace(" %", ""),
            points_text(each.gap),
            str(each.trainings),
            duration(each.seconds),
            str(each.test_evaluations),
        ]
        for each in found
    ]
    note = (
        f"test: {CONFIDENCE_TEXT} intervals over seeds. gap: train - test, in points. images: trained on. training: "
        "summed over cores. The highest test accuracy of several studies is a little lucky, too."
    )
    return Table("Studies", head, rows, left=["study", "values"], notes=[note])


def _verdict(results: StudyResults) -> Block:
    return Folded(f"{results.definition.name}: {results.definition.title}", [Paragraph(verdict(results))])


def _good(studies: Sequence[StudyResults]) -> Section:
    rows = [
        [
            results.definition.name,
            str(good.rank),
            config_text(good.config),
            percent(good.confirmed.mean),
            interval_percent(good.confirmed),
        ]
        for results in studies
        for good in results.good
    ]
    head = ["study", "rank", "values", "confirmed %", f"{CONFIDENCE_TEXT} interval"]
    note = "confirmed: mean validation accuracy of fresh runs, on as many images as the search's last round."
    table = Table("Good values", head, rows, left=["study", "values"], notes=[note])
    return Section("good", "The good values of each", [Grid(table)] if rows else [])
