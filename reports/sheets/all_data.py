"""The sheet of what was trained on all of the data: the good values, and what was tried around the best of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpo.proof.probing import PROBES
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import TrainedConfig, facts_of
from hpo.reports.facts.gaps import large_gap
from hpo.reports.sheets.sheet import Row, Sheet
from hpo.reports.words.abilities import runs_text
from hpo.reports.words.carrying_over import MARKS, change_notes
from hpo.reports.words.formatting import cell_texts, count_text, counts_epochs, data_text, examples
from hpo.reports.words.ledger import ledger_text
from hpo.reports.words.no_effect import mark_note, marked
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    difference_text,
    difference_words,
    interval_text,
    mean_text,
    train_gap,
)
from hpo.searching.metric import Metric
from hpo.searching.space import Config


def all_data_sheet(results: StudyResults, *, tried: bool = True) -> Sheet:
    """Return a row for each config that was trained on all of the data, with its values as they were used there.

    Without `tried`, what was only tried around the winner is left out.
    """
    trained = [each for each in facts_of(results).trained if tried or each.result.ranked]
    tested, train = any(each.result.test.runs for each in trained), _train_known(trained)
    rest = ["validation", *(["test (interval)"] if tested else []), *(["train"] if train else [])]
    where = f"On all of the data: {results.data['pool']} training {examples(results)} of {data_text(results)}"
    names = columns(results, [each.config for each in trained])
    return Sheet(
        title=where if results.definition.abilities.samples else f"On the test set: {data_text(results)}",
        first="",
        names=marked(results, names) if trained else [],
        rest=[*rest, *(["gap"] if tested and train else [])],
        rows=[_row(results.definition.metric, each, names, tested=tested, train=train) for each in trained],
        notes=[*change_notes(results), *_failed(results)] if trained else [],
        legend=[*_legend(results, trained), ledger_text(results)],
    )


def columns(results: StudyResults, configs: Sequence[Config]) -> list[str]:
    """Return the names of all that `configs` set: the hyperparameters in their order, then what was changed beside."""
    found = dict.fromkeys(name for config in configs for name in config)
    own = [name for name in results.definition.space.hyperparameters if name in found]
    return [*own, *(name for name in found if name not in own)]


def _train_known(trained: Sequence[TrainedConfig]) -> bool:
    return any(not math.isnan(each.result.train.mean) for each in trained)


def _row(metric: Metric, each: TrainedConfig, names: Sequence[str], *, tested: bool, train: bool) -> Row:
    """Return the row of a config, without the columns of what no config has: a test or a train value, the gap."""
    full = each.result
    cells = [mean_text(metric, full.validation)]
    if not tested:  # then validation is what there is to be sure of
        cells[0] += f" ({interval_text(metric, full.validation)})" if full.validation.runs > 1 else ""
    else:
        test = f"{mean_text(metric, full.test)} ({interval_text(metric, full.test)})" if full.test.runs else "-"
        cells.append(test)
    if train:
        cells.append(mean_text(metric, full.train))
    if tested and train:
        cells.append(difference_text(metric, full.gap) + ("!" if full.overfits else ""))
    return Row(
        MARKS.get(full.stage, "*" if each.recommended else ""),
        cell_texts(names, each.config),
        cells,
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


def _bound_text(metric: Metric, bound: float) -> str:
    return f"{100 * bound:.0f} points" if metric.is_share else difference_words(metric, bound)


def _legend(results: StudyResults, trained: Sequence[TrainedConfig]) -> list[str]:
    if not trained:
        return []
    seeds, epochs = max(len(each.result.runs) for each in trained), results.definition.final.epochs
    metric = results.definition.metric
    length = f"{count_text(epochs, 'epoch')} each, " if counts_epochs(results) else ""
    text = (
        f"In {'%' if metric.is_share else metric.name}, mean of {runs_text(results, seeds)}, "
        f"{length}{CONFIDENCE_TEXT} intervals"
    )
    known = _train_known(trained) and any(each.result.test.runs for each in trained)
    text += f"; gap: {train_gap(metric)}." if known else "."
    if any(each.recommended for each in trained):
        text = f"*: recommended, chosen by validation {metric.name}. {text}"
    bound = large_gap(metric)
    if bound is not None and any(each.result.overfits for each in trained):
        text += f" !: over {_bound_text(metric, bound)}, overfitting."
    if any(each.result.plain for each in trained):
        text += f" {MARKS['plain']}: weight_decay as in the search."
    if any(each.result.stage in PROBES for each in trained):
        text += f" {MARKS['probe_lower']}, {MARKS['probe_higher']}: learning_rate halved, doubled; never tested."
    return [text + mark_note(results)]
