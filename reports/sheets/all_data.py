"""The sheet of what was trained on all of the data: the good values, and what was tried around the best of them."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.proof.final_runs import LARGE_GAP
from hpo.proof.probing import PROBES
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import TrainedConfig, facts_of
from hpo.reports.sheets.sheet import Row, Sheet
from hpo.reports.words.carrying_over import MARKS, change_notes
from hpo.reports.words.formatting import (
    CONFIDENCE_TEXT,
    cell_texts,
    count_text,
    data_text,
    interval_percent,
    percent,
    points_text,
)
from hpo.reports.words.ledger import ledger_text
from hpo.reports.words.no_effect import mark_note, marked
from hpo.searching.space import Config


def all_data_sheet(results: StudyResults, *, tried: bool = True) -> Sheet:
    """Return a row for each config that was trained on all of the data, with its values as they were used there.

    Without `tried`, what was only tried around the winner is left out.
    """
    trained = [each for each in facts_of(results).trained if tried or each.result.ranked]
    names = columns(results, [each.config for each in trained])
    return Sheet(
        title=f"On all of the data: {results.data['pool']} training images of {data_text(results)}",
        first="",
        names=marked(results, names) if trained else [],
        rest=["validation", "test (interval)", "train", "gap"],
        rows=[_row(each, names) for each in trained],
        notes=[*change_notes(results), *_failed(results)] if trained else [],
        legend=[*_legend(results, trained), ledger_text(results)],
    )


def columns(results: StudyResults, configs: Sequence[Config]) -> list[str]:
    """Return the names of all that `configs` set: the hyperparameters in their order, then what was changed beside."""
    found = dict.fromkeys(name for config in configs for name in config)
    own = [name for name in results.definition.space.hyperparameters if name in found]
    return [*own, *(name for name in found if name not in own)]


def _row(each: TrainedConfig, names: Sequence[str]) -> Row:
    full = each.result
    return Row(
        MARKS.get(full.stage, "*" if each.recommended else ""),
        cell_texts(names, each.config),
        [
            percent(full.validation.mean),
            f"{percent(full.test.mean)} ({interval_percent(full.test)})" if full.test.runs else "-",
            percent(full.train.mean),
            points_text(full.gap) + ("!" if full.overfits else ""),
        ],
        recommended=each.recommended,
        trial=full.source_trial,
    )


def _failed(results: StudyResults) -> list[str]:
    """Return a sentence for each config of which runs failed."""
    notes = []
    for full in results.full:
        failed = [run for run in full.runs if run.reason]
        if failed:
            mark = f" ({MARKS[full.stage]})" if full.stage in MARKS else ""
            what = f"Trial {full.source_trial}{mark}"
            notes.append(f"{what}: {len(failed)} of {count_text(len(full.runs), 'run')} failed: {failed[0].reason}")
    return notes


def _legend(results: StudyResults, trained: Sequence[TrainedConfig]) -> list[str]:
    if not trained:
        return []
    seeds, epochs = max(len(each.result.runs) for each in trained), results.definition.final.epochs
    text = (
        f"In %, mean of {count_text(seeds, 'seed')}, {count_text(epochs, 'epoch')} each, {CONFIDENCE_TEXT} intervals; "
        "gap: train - test."
    )
    if any(each.recommended for each in trained):
        text = f"*: recommended, chosen by validation accuracy. {text}"
    if any(each.result.overfits for each in trained):
        text += f" !: over {100 * LARGE_GAP:.0f} points, overfitting."
    if any(each.result.plain for each in trained):
        text += f" {MARKS['plain']}: weight_decay as in the search."
    if any(each.result.stage in PROBES for each in trained):
        text += f" {MARKS['probe_lower']}, {MARKS['probe_higher']}: learning_rate halved, doubled; never tested."
    return [text + mark_note(results)]
