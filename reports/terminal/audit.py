"""What `hpo audit` prints: one screen, from what the best score is worth to what to run again."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from hpo.auditing.audit import Audit
from hpo.definition.printable import on_one_line
from hpo.reports.terminal.layout import panel, paragraphs
from hpo.reports.words.audit import (
    again_text,
    duplicates_text,
    edges_texts,
    effects_texts,
    gain_text,
    luck_text,
    noise_text,
    notes_texts,
    score_text,
    subtitle_text,
    ties_text,
    title_text,
)
from hpo.reports.words.formatting import value_text

MOST_SHOWN = 7
"""Of configs with more hyperparameters those without a detectable effect are left out; the page has all."""


def audit_panel(audit: Audit) -> RenderableType:
    """Return the whole audit: what nobody may miss, then a line for each question, and the configs to run again."""
    labelled = _labelled("luck", noise_text(audit))
    if audit.again is not None:
        labelled += [("ties", ties_text(audit)), *_labelled("ranges", edges_texts(audit))]
    labelled += [*_labelled("effects", effects_texts(audit)), ("duplicates", duplicates_text(audit))]
    if audit.again is not None:
        labelled += [("more trials", gain_text(audit)), ("to know", again_text(audit))]
    parts: list[RenderableType] = [
        Text(subtitle_text(audit), style="dim"),
        Text(""),
        Text(luck_text(audit), style="bold"),
        Text(""),
        paragraphs(labelled),
    ]
    if audit.again is not None:
        parts += [Text(""), _configs(audit)]
    notes = notes_texts(audit)
    if notes:
        parts += [Text(""), Text(" ".join(notes), style="dim")]
    return panel(title_text(audit), parts)


def _labelled(label: str, texts: list[str]) -> list[tuple[str, str]]:
    return [(label if i == 0 else "", text) for i, text in enumerate(texts)]


def _configs(audit: Audit) -> RenderableType:
    """Return a line or two for each config to run again: a table of many hyperparameters would take a second screen."""
    metric = audit.search.metric
    names = list(audit.search.space.hyperparameters)
    if len(names) > MOST_SHOWN:  # those that matter; the others have any value
        names = [name for name in names if name not in audit.without_effect][:MOST_SHOWN]
    return paragraphs(
        [
            (
                f"trial {each.number}",
                f"scored {score_text(metric, each.score)}, expected {score_text(metric, each.expected)}: "
                + on_one_line(
                    ", ".join(f"{name} {value_text(each.config[name])}" for name in names if name in each.config)
                )
                + (", ..." if len(names) < len(each.config) else ""),
            )
            for each in (audit.again.configs if audit.again else ())
        ]
    )
