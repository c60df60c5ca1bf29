"""The files of a certificate: its table and its figure."""

from __future__ import annotations

from pathlib import Path

from hpo.record.certificate import Findings
from hpo.reports.figures.certificate import certificate_figure
from hpo.reports.figures.drawing import png
from hpo.reports.tables.certificate import certificate_table
from hpo.reports.writing.atomic import make_folder, write_atomically


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
