"""What `hpo.certify` shows: the table of sizes, and how to read it."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from hpo.certificate.ranking import CONFIDENCE, LOSS, LOSS_HIGH, TAU_LOW
from hpo.record.certificate import Findings
from hpo.reports.terminal.layout import label_table, panel
from hpo.reports.words.certificate import certificate_sentence, none_sentence
from hpo.reports.words.numbers import difference_text, difference_words, points_of

BOUND = f"{100 * CONFIDENCE:.0f} %"
SHARED = " Some runs of different sizes share training images, so tau and its bound may be a little too high."


def certificate_panel(findings: Findings) -> RenderableType:
    """Return the table of sizes, what follows from it, and how to read it."""
    found, metric = findings.certificate, findings.definition.metric
    rows = [
        (
            str(each.size.samples),
            [
                str(each.size.epochs),
                f"{100 * each.cost:.0f} %",
                f"{each.tau:.2f}",
                f"{each.tau_low:.2f}",
                difference_text(metric, each.loss, signed=True),
                difference_text(metric, each.loss_high, signed=True),
                "yes" if each.passes else "no",
            ],
        )
        for each in found.sizes
    ]
    reference = found.reference
    rows.append((str(reference.samples), [str(reference.epochs), "100 %", f"{found.ceiling:.2f}", "", "", "", ""]))
    lost = f"{points_of(metric)} lost".strip()
    header = ["epochs", "cost", "tau", "at least", lost, "at most", "passes"]
    table = label_table("images", header, rows)
    verdict = found.smallest or found.sizes[-1]
    said = certificate_sentence(metric, found, verdict) if found.smallest is not None else none_sentence(found)
    explained = (
        f"{found.configs} configs from {findings.plan.where}, {found.seeds} seeds on each size. tau: Kendall's, with "
        f"{reference.samples} images, over the better half; last line: what noise allows. {lost}: by taking the "
        f"size's best config. at least, at most: {BOUND} bounds. passes: tau at least {TAU_LOW:.1f}, "
        f"{difference_words(metric, LOSS)} lost, at most {difference_text(metric, LOSS_HIGH)}."
        + ("" if findings.plan.sizes_are_disjoint else SHARED)
    )
    title = f"Certificate of {findings.definition.name} on {findings.source['provenance']}"
    return panel(title, [table, Text(""), Text(said), Text(""), Text(explained, style="dim")])
