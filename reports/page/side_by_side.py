"""The page of several studies side by side."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.record.results import StudyResults
from hpo.reports.figures.drawn import Drawn
from hpo.reports.page.blocks import Block, Code, Folded, Grid, Page, Paragraph, Section, paragraphs
from hpo.reports.page.cells import Table, duration
from hpo.reports.page.pictures import Pictures
from hpo.reports.words.formatting import config_text
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    difference_text,
    head,
    interval_text,
    mean_text,
    mean_words,
)
from hpo.reports.words.reproducing import report_again
from hpo.reports.words.summary import Summary, shared_metric, summary, test_text, test_words
from hpo.reports.words.verdict import verdict
from hpo.searching.metric import ACCURACY, Metric


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
        texts.append(f"They are on different data, so their {_values(found)} cannot be compared ({data}).")
    if shared_metric(found) is None:
        metrics = "; ".join(f"{each.name}: {each.metric.name}" for each in found)
        texts.append(f"They are scored by different metrics, so their values cannot be compared ({metrics}).")
    running = [each.name for each in found if each.state != "done"]
    if running:
        texts.append(f"Not finished: {', '.join(running)}. What is known of them may change.")
    return paragraphs(texts, "warning")


def _values(found: Sequence[Summary]) -> str:
    return "accuracies" if shared_metric(found) == ACCURACY else "scores"


def _table(found: Sequence[Summary]) -> Table:
    shared = shared_metric(found)
    heads = [
        "study",
        "values",
        "images",
        "validation" if shared is None else head(shared, "validation"),
        f"{'test' if shared is None else head(shared, 'test')} (interval)",
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
            _validation(each, shared),
            f"{each.metric.name} {test_words(each)}" if shared is None and each.test.runs else test_text(each),
            difference_text(each.metric, each.gap),
            str(each.trainings),
            duration(each.seconds),
            str(each.test_evaluations),
        ]
        for each in found
    ]
    points = ", in points" if shared is not None and shared.is_share else ""
    best = "highest test accuracy" if shared == ACCURACY else "best test score"
    note = (
        f"test: {CONFIDENCE_TEXT} intervals over seeds. gap: train - test{points}. images: trained on. training: "
        f"summed over cores. The {best} of several studies is a little lucky, too."
    )
    return Table("Studies", heads, rows, left=["study", "values"], notes=[note])


def _validation(each: Summary, shared: Metric | None) -> str:
    if shared is not None or not each.validation.runs:
        return mean_text(each.metric, each.validation)
    return f"{each.metric.name} {mean_words(each.metric, each.validation)}"


def _verdict(results: StudyResults) -> Block:
    return Folded(f"{results.definition.name}: {results.definition.title}", [Paragraph(verdict(results))])


def _good(studies: Sequence[StudyResults]) -> Section:
    rows = [
        [
            results.definition.name,
            str(good.rank),
            config_text(good.config),
            mean_text(results.definition.metric, good.confirmed),
            interval_text(results.definition.metric, good.confirmed),
        ]
        for results in studies
        for good in results.good
    ]
    shared = shared_metric([summary(results) for results in studies])
    confirmed = "confirmed" if shared is None else head(shared, "confirmed")
    heads = ["study", "rank", "values", confirmed, f"{CONFIDENCE_TEXT} interval"]
    value = "score" if shared is None else shared.name
    note = f"confirmed: mean validation {value} of fresh runs, on as many images as the search's last round."
    table = Table("Good values", heads, rows, left=["study", "values"], notes=[note])
    return Section("good", "The good values of each", [Grid(table)] if rows else [])
