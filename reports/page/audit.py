"""The page of an audit, section by section, in the order of a reader's questions."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hpo.auditing.audit import Audit
from hpo.proof.rerun import Rerun
from hpo.reports.figures.drawn import Drawn
from hpo.reports.page.blocks import Block, Code, Folded, Grid, Page, Paragraph, Section, paragraphs
from hpo.reports.page.cells import Table
from hpo.reports.page.pictures import Pictures
from hpo.reports.words.audit import (
    again_text,
    between_text,
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
from hpo.reports.words.formatting import region_text, value_text
from hpo.reports.words.rerun import (
    failed_texts,
    fresh_luck_text,
    otherwise_texts,
    seeds_texts,
    told_apart_text,
    use_text,
)

MOST_TIES = 30
HOW = (
    "Luck is what a score has that its config would not reach on average if it were trained again. It is told from "
    "similar configs: a Gaussian process weighs whether a high score is a lucky one or a narrow peak, in all the ways "
    "that the trials allow. Where nobody looked near the best, both are possible, and the interval is wide."
)


def audit_page(audit: Audit, drawn: Sequence[Drawn], rerun: Rerun | None = None) -> Page:
    """Return the page of `audit` with its figures; sections with nothing to say are left out.

    What was run again comes first: it is known, where the rest is an estimate.
    """
    pictures = Pictures(drawn)
    luck: list[Block] = [
        Paragraph(luck_text(audit), "lead"),
        *paragraphs(noise_text(audit)),
        *pictures.take("expected"),
    ]
    wide = paragraphs(edges_texts(audit), "warning" if audit.edges else "") if audit.again else []
    sections = [
        Section("rerun", "What the fresh runs say", [] if rerun is None else _rerun(audit, rerun)),
        Section("luck", "Is the best score real?", [*luck, *paragraphs([HOW] if audit.again else [], "note")]),
        Section("again", "What to run again to know" if rerun is None else "What was run again", _again(audit)),
        Section("ties", "Which configs can't be told apart?", _ties(audit)),
        Section("ranges", "Were the ranges wide enough?", [*wide, *pictures.take("searched")]),
        Section("matters", "What matters, and what does not?", [*paragraphs(effects_texts(audit)), *_effects(audit)]),
        Section("more", "Would more trials pay?", paragraphs(_more(audit))),
        Section("granted", "What was taken for granted", paragraphs(notes_texts(audit))),
    ]
    return Page(title_text(audit), subtitle_text(audit), [each for each in sections if each.blocks])


def _more(audit: Audit) -> list[str]:
    return [*([gain_text(audit)] if audit.again else []), duplicates_text(audit)]


def _rerun(audit: Audit, rerun: Rerun) -> list[Block]:
    metric = audit.search.metric
    rows = [
        [
            str(each.number),
            score_text(metric, each.observed, unit=False),
            "-" if not each.scores else score_text(metric, each.fresh.mean, unit=False),
            "-" if len(each.scores) < 2 else between_text(metric, each.fresh.low, each.fresh.high).removesuffix(" %"),
            str(len(each.scores)),
            str(len(each.failures)),
            "yes" if each.number in rerun.tied else "no",
        ]
        for each in rerun.racers
    ]
    unit = " %" if metric.is_share else ""
    head = ["trial", f"scored{unit}", f"mean of fresh runs{unit}", "90 % interval", "runs", "failed", "may be the best"]
    table = Table("Each config, trained again with seeds that all share", head, rows, left=["may be the best"])
    return [
        Paragraph(use_text(audit, rerun), "lead"),
        *paragraphs([fresh_luck_text(audit, rerun), told_apart_text(rerun)]),
        *paragraphs(failed_texts(rerun), "warning"),
        *paragraphs([*otherwise_texts(audit, rerun), *seeds_texts(rerun)], "warning"),
        Grid(table),
    ]


def _again(audit: Audit) -> list[Block]:
    found, metric = audit.again, audit.search.metric
    if found is None:
        return []
    names = list(audit.search.space.hyperparameters)
    rows = [
        [
            str(each.number),
            *[value_text(each.config[name]) if name in each.config else "-" for name in names],
            score_text(metric, each.score, unit=False),
            score_text(metric, each.expected, unit=False),
            between_text(metric, each.low, each.high).removesuffix(" %"),
            f"{100 * each.chance:.0f} %",
        ]
        for each in found.configs
    ]
    unit = " %" if metric.is_share else ""
    head = ["trial", *names, f"scored{unit}", f"expected{unit}", "90 % interval", "best of all"]
    note = (
        "expected: what the config would score on average. best of all: how probable it is that no other config tried "
        f"is better; together {100 * found.covers:.0f} %."
    )
    text = json.dumps(
        [{"trial": each.number, "runs": found.runs, "config": dict(each.config)} for each in found.configs],
        indent=1,
        default=str,
    )
    return [
        Paragraph(again_text(audit)),
        Grid(Table(f"Run each {found.runs} times, with new seeds", head, rows, left=_texts(audit), notes=[note])),
        Folded("the same as JSON", [Code("configs to run again", text, "again.json")]),
    ]


def _ties(audit: Audit) -> list[Block]:
    if len(audit.ties) < 2:
        return [Paragraph(ties_text(audit))] if audit.ties else []
    metric = audit.search.metric
    names = list(audit.search.space.hyperparameters)
    shown = audit.ties[:MOST_TIES]
    rows = [
        [
            str(each.number),
            *[value_text(each.config[name]) if name in each.config else "-" for name in names],
            score_text(metric, each.score, unit=False),
            score_text(metric, each.expected, unit=False),
            between_text(metric, each.low, each.high).removesuffix(" %"),
        ]
        for each in shown
    ]
    unit = " %" if metric.is_share else ""
    head = ["trial", *names, f"scored{unit}", f"expected{unit}", "90 % interval"]
    rest = [f"{len(audit.ties) - len(shown)} more are in trials.csv."] if len(audit.ties) > len(shown) else []
    table = Table("Configs that may be the best, the most probable first", head, rows, left=_texts(audit), notes=rest)
    told = f"these {len(shown)} configs" if not rest else f"the first {len(shown)} of them"
    return [Paragraph(ties_text(audit)), Folded(told, [Grid(table)])]


def _effects(audit: Audit) -> list[Block]:
    rows = [
        [
            each.name,
            region_text(audit.search.space.limits()[each.name]),
            str(each.trials),
            "-" if each.p != each.p else f"{each.p:.2g}",
            each.verdict,
            ", ".join(edge.side for edge in audit.edges if edge.name == each.name) or "-",
        ]
        for each in audit.effects
    ]
    if not rows:
        return []
    note = (
        "p: permutation test of no effect among trials that came soon after each other; at most .05 counts as an "
        "effect. No effect detected does not prove that there is none."
    )
    searched = "searched" if audit.search.ranges_are_known else "tried"
    head = ["hyperparameter", searched, "trials", "p", "effect", "end too near"]
    left = ["hyperparameter", searched, "effect", "end too near"]
    return [Grid(Table("Do the scores depend on it?", head, rows, left=left, notes=[note]))]


def _texts(audit: Audit) -> list[str]:
    """Return the hyperparameters whose values are no numbers."""
    space = audit.search.space
    return [name for name in space.hyperparameters if isinstance(space.limits()[name], tuple)]
