"""The sheet of the rounds: where each looked, and its best score."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.facts.outcomes import n_train, outcomes
from hpo.reports.sheets.sheet import Row, Sheet
from hpo.reports.words.formatting import data_text, percent, region_text, space_notes


def rounds_sheet(results: StudyResults) -> Sheet:
    """Return a row for each round that was opened."""
    best: dict[int, float] = {}
    for each in outcomes(results):
        if each.score is not None and each.state in ("complete", "stopped"):
            best[each.round] = max(best.get(each.round, 0.0), each.score)
    rows = [
        Row(
            str(opened.number),
            [region_text(region) for region in opened.box.regions.values()],
            [
                str(opened.trials),
                str(n_train(results, opened.number)),
                str(results.definition.rounds[opened.number - 1].epochs),
                percent(best[opened.number]) if opened.number in best else "-",
            ],
        )
        for opened in results.rounds
    ]
    return Sheet(
        title=f"Rounds of {results.definition.name} on {data_text(results)}",
        first="round",
        names=list(results.definition.space.hyperparameters),
        rest=["trials", "images", "epochs", "best %"],
        rows=rows,
        notes=space_notes(results.definition.space) if rows else [],
        legend=["best: the round's highest validation accuracy; usually too optimistic."] if rows else [],
    )


def reasons(results: StudyResults) -> list[tuple[int, str]]:
    """Return what was done to the box of each round and why, as far as that is told."""
    return [(opened.number, "; ".join(opened.why)) for opened in results.rounds if opened.why]
