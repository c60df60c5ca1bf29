"""What it cost: time by stage, and how often the test set was opened."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.results import ON_ALL_OF_THE_DATA
from hpo.study_results import StudyResults
from reports.outcomes import outcomes
from reports.page.blocks import Block, Folded, Grid, Paragraph, Section
from reports.page.cells import Table, duration
from reports.page.pictures import Pictures
from reports.tables import ledger_table


def training_seconds(results: StudyResults) -> dict[str, tuple[int, float]]:
    """Return of each stage how many trainings it had, and their time in seconds, summed over workers."""
    if results.definition.comparison is not None:
        runs = [run for each in results.compared for run in each.runs]
        return {"comparison": (len(runs), sum(run.seconds for run in runs))}
    searched = [each.seconds for each in outcomes(results) if each.seconds is not None]
    stages = {"search": (len(searched), sum(searched))}
    for name, kinds in (("race", ("race",)), ("confirmation", ("confirm",)), ("all of the data", ON_ALL_OF_THE_DATA)):
        mine = [run.seconds for run in results.runs if run.stage in kinds]
        stages[name] = (len(mine), sum(mine))
    return {name: found for name, found in stages.items() if found[0]}


def time_section(results: StudyResults, pictures: Pictures) -> Section:
    """Return how long the trainings took."""
    stages = training_seconds(results)
    blocks: list[Block] = [*pictures.take("time")]
    if stages:
        total = sum(seconds for _, seconds in stages.values())
        rows = [
            [name, str(count), duration(seconds), f"{100 * seconds / total:.0f} %" if total else "-"]
            for name, (count, seconds) in stages.items()
        ]
        rows.append(["all", str(sum(count for count, _ in stages.values())), duration(total), ""])
        note = "Training time of one core each, summed over workers; so many workers take that many times less."
        table = Table("Training time", ["stage", "trainings", "time", "share"], rows, left=["stage"], notes=[note])
        blocks.append(Grid(table))
    return Section("time", "What did it cost?", blocks)


def ledger_section(results: StudyResults, summary: str) -> Section:
    """Return how often the test set was opened, when and for what."""
    blocks: list[Block] = [Paragraph(summary)]
    found = ledger_table(results)
    if len(found):
        first, last = (_moment(found["opened_at"].iloc[i]) for i in (0, -1))
        blocks[0] = Paragraph(f"{summary} First {first}, last {last} (UTC).")
        rows: Sequence[Sequence[str]] = [
            [_moment(moment), purpose, dataset]
            for moment, purpose, dataset in zip(found["opened_at"], found["purpose"], found["dataset"], strict=True)
        ]
        table = Table("The ledger", ["opened (UTC)", "for", "data"], rows, left=["opened (UTC)", "for", "data"])
        blocks.append(Folded("Every opening", [Grid(table)]))
    return Section("ledger", "What did the test set cost?", blocks)


def _moment(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
