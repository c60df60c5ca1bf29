"""What it cost: time by stage, and how often the test set was evaluated."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.record.results import StudyResults
from hpo.reports.facts.timing import stage_times
from hpo.reports.page.blocks import Block, Folded, Grid, Paragraph, Section
from hpo.reports.page.cells import Table, duration
from hpo.reports.page.pictures import Pictures
from hpo.reports.tables.search import ledger_table
from hpo.reports.words.formatting import count_text


def time_section(results: StudyResults, pictures: Pictures) -> Section:
    """Return how long the trainings took, and what of the clock that leaves."""
    heading = "Where did the time go?"
    if results.definition.comparison is not None:
        runs = [run.seconds for each in results.compared for run in each.runs]
        text = f"{count_text(len(runs), 'training')} of {duration(sum(runs))} in all, summed over workers."
        return Section("time", heading, [Paragraph(text)] if runs else [])
    stages = stage_times(results)
    if not stages:
        return Section("time", heading, [])
    training = sum(stage.training for stage in stages)
    told = f"{duration(training)} of training, summed over workers"
    clock = None if any(stage.clock is None for stage in stages) else sum(stage.clock or 0.0 for stage in stages)
    if clock is not None:
        told += f"; {duration(clock)} on the clock with {count_text(stages[0].workers, 'worker')}"
    rows = [
        [stage.name, str(stage.trials), duration(stage.training), _or_unknown(stage.clock), _or_unknown(stage.rest)]
        for stage in stages
    ]
    note = (
        "training: summed over workers. clock: since the end of the stage before. rest: waiting, starting up, breaks."
    )
    table = Table("Time", ["stage", "trainings", "training", "clock", "rest"], rows, left=["stage"], notes=[note])
    return Section("time", heading, [Paragraph(f"{told}."), *pictures.take("time"), Grid(table)])


def _or_unknown(seconds: float | None) -> str:
    return "-" if seconds is None else duration(seconds)


def ledger_section(results: StudyResults, summary: str) -> Section:
    """Return how often the test set was evaluated, when and for what."""
    blocks: list[Block] = [Paragraph(summary)]
    found = ledger_table(results)
    if len(found):
        first, last = (_moment(found["evaluated_at"].iloc[i]) for i in (0, -1))
        blocks[0] = Paragraph(f"{summary} First {first}, last {last} (UTC).")
        rows: Sequence[Sequence[str]] = [
            [_moment(moment), purpose, dataset]
            for moment, purpose, dataset in zip(found["evaluated_at"], found["purpose"], found["dataset"], strict=True)
        ]
        head = ["evaluated (UTC)", "for", "data"]
        table = Table("Evaluations of the test set", head, rows, left=head)
        blocks.append(Folded("Every evaluation", [Grid(table)]))
    return Section("ledger", "How often was the test set evaluated?", blocks)


def _moment(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
