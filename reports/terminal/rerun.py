"""What `hpo audit --trainer` prints once the configs have run again: which to use, and what was luck."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from hpo.auditing.audit import Audit
from hpo.proof.rerun import Rerun
from hpo.reports.terminal.layout import panel, paragraphs
from hpo.reports.words.rerun import (
    failed_texts,
    fresh_luck_text,
    otherwise_texts,
    racer_text,
    rerun_title_text,
    seeds_texts,
    told_apart_text,
    use_text,
)


def rerun_panel(audit: Audit, rerun: Rerun) -> RenderableType:
    """Return what nobody may miss, then a line for each question, and one for each config."""
    labelled = [("luck", fresh_luck_text(audit, rerun)), ("ties", told_apart_text(rerun))]
    labelled += [("failed" if i == 0 else "", text) for i, text in enumerate(failed_texts(rerun))]
    labelled += [("trainer", text) for text in otherwise_texts(audit, rerun)]
    labelled += [("seeds", text) for text in seeds_texts(rerun)]
    configs = [(f"trial {each.number}", racer_text(audit.search.metric, each)) for each in rerun.racers]
    parts: list[RenderableType] = [
        Text(use_text(audit, rerun), style="bold"),
        Text(""),
        paragraphs(labelled),
        Text(""),
        paragraphs(configs),
    ]
    return panel(rerun_title_text(rerun), parts)
