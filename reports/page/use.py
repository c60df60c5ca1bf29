"""The first section: what to use, how sure that is, and the values to copy."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from hpo.definition.trainers.networks import NetworkTrainer, networks_of
from hpo.proof.recommended import Recommended
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.page.blocks import Block, Code, Facts, Folded, Paragraph, Section, paragraphs
from hpo.reports.page.estimators import estimator_blocks
from hpo.reports.words.abilities import runs_text
from hpo.reports.words.carrying_over import change_notes
from hpo.reports.words.comparison import ended_text
from hpo.reports.words.formatting import count_text, counts_epochs, data_text, examples, value_text
from hpo.reports.words.nothing import advice
from hpo.reports.words.numbers import difference_words, interval_sentence, mean_words, train_gap
from hpo.reports.words.verdict import conclusion, guard_text, race_text, winner_warnings
from hpo.reports.words.what_next import limits_to_widen
from hpo.reports.writing.toml import toml_text
from hpo.searching.space import Config


def use_section(results: StudyResults) -> Section:
    """Return the section; of a study that is not finished it says so first, and what is missing."""
    facts = facts_of(results)
    found = facts.recommended
    blocks: list[Block] = [*_unfinished(results), Paragraph(conclusion(results), "lead")]
    if not results.complete_data:
        blocks.insert(0, Paragraph(f"The data are {data_text(results)}: numbers of all of it may differ.", "warning"))
    if facts.nothing:
        return Section("use", "What to use", [*blocks, *paragraphs(advice(results), "warning")])
    if results.good:
        blocks.append(Paragraph(race_text(results)))
    if found.config is not None and found.where != "search":
        if _settled(results, found):
            blocks.append(_facts(results, found))
        blocks.append(Code("The values, to copy", values_text(results, facts.use or {})))
        blocks += paragraphs(change_notes(results), "note")
    if found.config is not None and _settled(results, found):
        blocks += paragraphs([*limits_to_widen(results), *winner_warnings(results)], "warning")
        blocks += _whole(results, found.config)
    blocks += estimator_blocks(results, found)
    blocks += paragraphs(guard_text(results))
    return Section("use", "What to use", blocks)


def _settled(results: StudyResults, found: Recommended) -> bool:
    """Say whether nothing more is to be learnt of what is recommended."""
    return found.result is not None or results.state == "done"


def values_text(results: StudyResults, use: Mapping[str, Any]) -> str:
    """Return a line `name = value` for each of the values to use; what shows no effect says so behind it."""
    no_effect = facts_of(results).no_effect
    lines = []
    for name, value in use.items():
        text = f"# {name} has no value" if value is None else toml_text({name: _short(value)}).strip()
        lines.append(f"{text}  # no effect detected: arbitrary" if name in no_effect else text)
    return "\n".join(lines)


def _whole(results: StudyResults, config: Config) -> list[Block]:
    """Return the whole settings to copy, where one of our networks was trained: what others have is theirs."""
    if not isinstance(results.definition.trainer, NetworkTrainer):
        return []
    return [Folded("The whole network and training", [Code("As in a study file", whole(results, config))])]


def whole(results: StudyResults, config: Config) -> str:
    """Return the network and the training with `config` in them, as the tables of a study file."""
    network, training = networks_of(results.definition).settings(results.definition.space.whole(config))
    record = results.definition.record()
    model = {"network": record["model"]["network"]} | _plain(dataclasses.asdict(network))
    return toml_text({"model": model, "training": _plain(dataclasses.asdict(training))}).strip()


def _facts(results: StudyResults, found: Recommended) -> Facts:
    metric, noun = results.definition.metric, examples(results)
    named = metric.name[:1].upper() + metric.name[1:]
    where = f"Test {metric.name}" if results.complete_data else f"{named} on the test {noun} of {data_text(results)}"
    parts = [count_text(found.epochs, "epoch")] if counts_epochs(results) else []
    parts += [f"on {found.images} {noun}"] if results.definition.abilities.samples else []
    validation = f"Validation {metric.name}"
    items = (
        [
            (where, f"{mean_words(metric, found.score)} ({interval_sentence(metric, found.score)})"),
            (validation, mean_words(metric, found.validation)),
        ]
        if found.where == "test" and found.score.runs
        else [(validation, f"{mean_words(metric, found.validation)} ({interval_sentence(metric, found.validation)})")]
    )
    gap = math.nan if found.result is None else found.result.gap
    if not math.isnan(gap):
        items.append((train_gap(metric).capitalize(), difference_words(metric, gap)))
    runs = runs_text(results, found.validation.runs)
    items.append(("Trained for", ", ".join([" ".join(parts), runs])) if parts else ("Trained", runs))
    return Facts(items, large=True)


def _unfinished(results: StudyResults) -> list[Block]:
    if results.state == "done":
        return []
    to_go_on = f"What follows is what is known by now. To go on: {results.command}"
    return [Paragraph(f"Not finished: {standing(results)} {to_go_on}", "warning")]


def standing(results: StudyResults) -> str:
    """Return how far a study is, and so what is missing, in a sentence."""
    comparison = results.definition.comparison
    if comparison is not None:
        return ended_text(results, comparison.seeds)
    rounds, of = results.rounds, len(results.definition.rounds)
    if not rounds:
        return "no round is open yet, so there are no trials, no good values and nothing to show."
    ended = sum(trial.finished for trial in results.queued if trial.attributes["round"] == rounds[-1].number)
    wanted = rounds[-1].trials
    if ended < wanted:
        return f"round {rounds[-1].number} of {of} is open, and {ended} of its {wanted} trials ended."
    if not results.good:
        over = f"round {rounds[-1].number} of {of} is over"
        last = rounds[-1].number == of or results.unopened is not None
        return f"{over}; the race is not." if last else f"{over}; the next one is not open yet."
    confirmed = "confirmed" if all(good.confirmed.runs for good in results.good) else "being confirmed"
    return f"the rounds and the race are over; {count_text(len(results.good), 'good value')} {confirmed}."


def _short(value: Any) -> Any:
    return float(value_text(value)) if isinstance(value, float) else value


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else _short(value) for name, value in fields.items()}
