"""The first section: what to use, how sure that is, and the values to copy."""

from __future__ import annotations

import dataclasses
from typing import Any

from hpo.proof.final_runs import FullResult
from hpo.record.commands import command_for
from hpo.record.results import StudyResults
from hpo.reports.page.blocks import Block, Code, Facts, Folded, Paragraph, Section, paragraphs
from hpo.reports.words.comparison import ended_text
from hpo.reports.words.formatting import (
    CONFIDENCE_TEXT,
    count_text,
    data_text,
    interval_percent,
    percent,
    points_text,
    value_text,
)
from hpo.reports.words.inert import inert_names
from hpo.reports.words.verdict import boundary_warning, conclusion, config_in_use, guard_text, winner_warnings
from hpo.reports.writing.toml import toml_text
from hpo.searching.space import Config, unpacked


def use_section(results: StudyResults) -> Section:
    """Return the section; of a study that is not finished it says so first, and what is missing."""
    blocks: list[Block] = [*_unfinished(results), Paragraph(conclusion(results), "lead")]
    if not results.complete_data:
        blocks.insert(0, Paragraph(f"The data are {data_text(results)}: numbers of all of it may differ.", "warning"))
    if results.full:
        winner = results.full[0]
        config = config_in_use(results, winner)
        blocks += [_facts(results, winner), Code("The values, to copy", values_text(results, config))]
        blocks += paragraphs([*boundary_warning(results), *winner_warnings(results)], "warning")
        blocks.append(Folded("The whole network and training", [Code("As in a study file", whole(results, config))]))
    elif results.good:
        blocks.append(Code("The values, to copy", values_text(results, results.good[0].config)))
    blocks += paragraphs(guard_text(results))
    return Section("use", "What to use", blocks)


def values_text(results: StudyResults, config: Config) -> str:
    """Return a line `name = value` for each value of `config`; what is no finding says so behind it."""
    inert = inert_names(results)
    lines = []
    for name, value in config.items():
        plain = unpacked(value)
        setting = plain if isinstance(plain, dict) else {name: _short(plain)}
        text = toml_text(setting).strip()
        lines.append(
            f"{text}  # no effect found where it was tried, so its value is no finding" if name in inert else text
        )
    return "\n".join(lines)


def whole(results: StudyResults, config: Config) -> str:
    """Return the network and the training with `config` in them, as the tables of a study file."""
    network, training = results.definition.settings(config)
    record = results.definition.record()
    model = {"network": record["model"]["network"]} | _plain(dataclasses.asdict(network))
    return toml_text({"model": model, "training": _plain(dataclasses.asdict(training))}).strip()


def _facts(results: StudyResults, winner: FullResult) -> Facts:
    where = "Test accuracy" if results.complete_data else f"Accuracy on the test images of {data_text(results)}"
    interval = interval_percent(winner.test)
    sure = f" ({CONFIDENCE_TEXT} interval {interval})" if interval != "-" else " (one run, so no interval)"
    trained = f"{count_text(results.definition.final.epochs, 'epoch')} on {results.data['pool']} images"
    return Facts(
        [
            (where, f"{percent(winner.test.mean)} %{sure}"),
            ("Validation accuracy", f"{percent(winner.validation.mean)} %"),
            ("Train - test", f"{points_text(winner.gap)} points"),
            ("Trained for", f"{trained}, {count_text(len(winner.runs), 'seed')}"),
        ],
        large=True,
    )


def _unfinished(results: StudyResults) -> list[Block]:
    if results.state == "done":
        return []
    to_go_on = f"What follows is what is known by now. To go on: {command_for(results.definition.name)}"
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
    wanted = len(rounds[-1].configs)
    if ended < wanted or not results.good:
        if ended >= wanted and results.raced == ():
            return f"round {rounds[-1].number} of {of} is over; the race is not."
        return f"round {rounds[-1].number} of {of} is open, and {ended} of its {wanted} trials ended."
    confirmed = "confirmed" if all(good.confirmed.runs for good in results.good) else "being confirmed"
    return f"the rounds and the race are over; {count_text(len(results.good), 'good value')} {confirmed}."


def _short(value: Any) -> Any:
    return float(value_text(value)) if isinstance(value, float) else value


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else _short(value) for name, value in fields.items()}
