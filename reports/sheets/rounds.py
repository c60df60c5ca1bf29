"""The sheet of the rounds: where each looked, and its best score."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.facts.outcomes import n_train, outcomes
from hpo.reports.sheets.sheet import Row, Sheet
from hpo.reports.words.formatting import counts_epochs, data_text, examples, region_text, space_notes
from hpo.reports.words.numbers import head, score_text
from hpo.searching.metric import Metric


def rounds_sheet(results: StudyResults) -> Sheet:
    """Return a row for each round that was opened."""
    metric, best = results.definition.metric, dict[int, float]()
    for each in outcomes(results):
        if each.score is not None and each.state in ("complete", "stopped"):
            best[each.round] = max(best.get(each.round, each.score), each.score)
    counted, epochs = results.definition.abilities.samples, counts_epochs(results)
    rows = [
        Row(
            str(opened.number),
            [region_text(region) for region in opened.box.regions.values()],
            [
                str(opened.trials),
                *([str(n_train(results, opened.number))] if counted else []),
                *([str(results.definition.rounds[opened.number - 1].epochs)] if epochs else []),
                score_text(metric, best[opened.number]) if opened.number in best else "-",
            ],
        )
        for opened in results.rounds
    ]
    return Sheet(
        title=f"Rounds of {results.definition.name} on {data_text(results)}",
        first="round",
        names=list(results.definition.space.hyperparameters),
        rest=[
            "trials",
            *([examples(results)] if counted else []),
            *(["epochs"] if epochs else []),
            head(metric, "best"),
        ],
        rows=rows,
        notes=space_notes(results.definition.space) if rows else [],
        legend=[f"best: the round's {_best(metric)} validation {metric.name}; usually too optimistic."] if rows else [],
    )


def _best(metric: Metric) -> str:
    return "highest" if metric.maximized else "lowest"


def reasons(results: StudyResults) -> list[tuple[int, str]]:
    """Return what was done to the box of each round and why, as far as that is told."""
    return [(opened.number, "; ".join(opened.why)) for opened in results.rounds if opened.why]
