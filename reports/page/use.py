"""The first section: what to use, how sure that is, and the values to copy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from hpo.definition.trainers.networks import NetworkTrainer, networks_of
from hpo.proof.recommended import Recommended
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.page.blocks import Block, Code, Facts, Folded, Paragraph, Section, paragraphs
from hpo.reports.words.carrying_over import change_notes
from hpo.reports.words.comparison import ended_text
from hpo.reports.words.formatting import (
    count_text,
    data_text,
    interval_sentence,
    percent,
    points_text,
    value_text,
)
from hpo.reports.words.nothing import advice
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
        if found.where == "test":
            blocks.append(_facts(results, found))
        blocks.append(Code("The values, to copy", values_text(results, facts.use or {})))
        blocks += paragraphs(change_notes(results), "note")
    if found.config is not None and found.where == "test":
        blocks += paragraphs([*limits_to_widen(results), *winner_warnings(results)], "warning")
        if isinstance(results.definition.trainer, NetworkTrainer):
            whole_text = whole(results, found.config)
            blocks.append(Folded("The whole network and training", [Code("As in a study file", whole_text)]))
    blocks += paragraphs(guard_text(results))
    return Section("use", "What to use", blocks)


def values_text(results: StudyResults, use: Mapping[str, Any]) -> str:
    """Return a line `name = value` for each of the values to use; what shows no effect says so behind it."""
    no_effect = facts_of(results).no_effect
    lines = []
    for name, value in use.items():
        text = toml_text({name: _short(value)}).strip()
        lines.append(f"{text}  # no effect detected: arbitrary" if name in no_effect else text)
    return "\n".join(lines)


def whole(results: StudyResults, config: Config) -> str:
    """Return the network and the training with `config` in them, as the tables of a study file."""
    network, training = networks_of(results.definition).settings(config)
    record = results.definition.record()
    model = {"network": record["model"]["network"]} | _plain(dataclasses.asdict(network))
    return toml_text({"model": model, "training": _plain(dataclasses.asdict(training))}).strip()


def _facts(results: StudyResults, found: Recommended) -> Facts:
    where = "Test accuracy" if results.complete_data else f"Accuracy on the test images of {data_text(results)}"
    trained = f"{count_text(found.epochs, 'epoch')} on {found.images} images"
    gap = "-" if found.result is None else points_text(found.result.gap)
    return Facts(
        [
            (where, f"{percent(found.score.mean)} % ({interval_sentence(found.score)})"),
            ("Validation accuracy", f"{percent(found.validation.mean)} %"),
            ("Train - test", f"{gap} points"),
            ("Trained for", f"{trained}, {count_text(found.score.runs, 'seed')}"),
        ],
        large=True,
    )


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
