"""What `hpo.certify` shows and writes: the table of sizes, the same as a file, and the figure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from hpo.certificate import CONFIDENCE, LOSS, LOSS_HIGH, TAU_LOW, Certificate
from hpo.certificate_record import Findings
from reports.atomic import make_folder, write_atomically
from reports.certificate_text import certificate_sentence, none_sentence
from reports.figures.certificate import certificate_figure
from reports.figures.drawing import png
from reports.formatting import points_text
from reports.layout import label_table, panel

BOUND = f"{100 * CONFIDENCE:.0f} %"


def certificate_table(certificate: Certificate) -> pd.DataFrame:
    """Return a row for each size, the reference last.

    samples              int      training images
    epochs               int      as many updates on every size
    cost                 float    of a trial, in trained samples, relative to the reference
    tau                  float    Kendall's tau-b with the reference over the better half; the reference's own ceiling
    tau_low              float    its 90 % lower bound; empty for the reference
    loss                 float    accuracy (0..1) lost by taking this size's best config
    loss_high            float    its 90 % upper bound
    passes               bool     whether a search may train on it; empty for the reference
    """
    rows = [
        {
            "samples": each.size.samples,
            "epochs": each.size.epochs,
            "cost": each.cost,
            "tau": each.tau,
            "tau_low": each.tau_low,
            "loss": each.loss,
            "loss_high": each.loss_high,
            "passes": each.passes,
        }
        for each in certificate.sizes
    ]
    reference = certificate.reference
    rows.append({"samples": reference.samples, "epochs": reference.epochs, "cost": 1.0, "tau": certificate.ceiling})
    return pd.DataFrame(rows)


def certificate_panel(findings: Findings) -> RenderableType:
    """Return the table of sizes, what follows from it, and how to read it."""
    found = findings.certificate
    rows = [
        (
            str(each.size.samples),
            [
                str(each.size.epochs),
                f"{100 * each.cost:.0f} %",
                f"{each.tau:.2f}",
                f"{each.tau_low:.2f}",
                points_text(each.loss, signed=True),
                points_text(each.loss_high, signed=True),
                "yes" if each.passes else "no",
            ],
        )
        for each in found.sizes
    ]
    reference = found.reference
    rows.append((str(reference.samples), [str(reference.epochs), "100 %", f"{found.ceiling:.2f}", "", "", "", ""]))
    header = ["epochs", "cost", "tau", "at least", "points lost", "at most", "passes"]
    table = label_table("images", header, rows)
    verdict = found.smallest or found.sizes[-1]
    said = certificate_sentence(found, verdict) if found.smallest is not None else none_sentence(found)
    explained = (
        f"{found.configs} configs from {findings.plan.where}, {found.seeds} seeds on each size, as many updates. tau: "
        f"Kendall's, with {reference.samples} images, over the better half of the configs; in the last line what noise "
        f"allows, {reference.samples} images against themselves. points lost: accuracy given up by taking the config "
        f"that the size puts first. at least, at most: {BOUND} bounds. A size passes where tau is "
        f"at least over {TAU_LOW:.1f}, and {points_text(LOSS)} points are lost, at most {points_text(LOSS_HIGH)}."
    )
    title = f"Certificate of {findings.definition.name} on {findings.source['provenance']}"
    return panel(title, [table, Text(""), Text(said), Text(""), Text(explained, style="dim")])


def write_certificate(findings: Findings, out_dir: Path) -> list[Path]:
    """Write certificate.csv and certificate.png into `out_dir` and return their paths.

    Raises UserError where the folder cannot be written.
    """
    csv: str = certificate_table(findings.certificate).to_csv(index=False, lineterminator="\n")
    contents = {"certificate.csv": csv.encode(), "certificate.png": png(certificate_figure(findings))}
    make_folder(out_dir)
    for name, content in contents.items():
        write_atomically(out_dir / name, content)
    return [out_dir / name for name in contents]
