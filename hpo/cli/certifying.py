"""How many images the "auto" rounds of a study take: a certificate decides before the search begins."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from hpo.certificate.auto_samples import choice_record
from hpo.cli.driving import drive_and_show
from hpo.definition.study import StudyDefinition
from hpo.engine.certifier import Certifier
from hpo.record.certificate import CertificateRecord, load_certificate
from hpo.record.study import chosen_samples
from hpo.storage.database import Database


def chosen_by_certificate(
    arguments: argparse.Namespace,
    database: Database,
    definition: StudyDefinition,
    *,
    rounds: list[int],
    data: Mapping[str, Any],
    source: Mapping[str, str],
) -> dict[str, Any] | None:
    """Return how many images the "auto" `rounds` take: what is recorded, else what a certificate says; None if stopped.

    A study that has begun keeps its number, whatever becomes of its certificate.
    """
    recorded = chosen_samples(database, definition.name)
    if recorded is not None:
        return recorded
    record = CertificateRecord.open(database, definition, [], data, source)
    lines = [f"{definition.name}: how many images its rounds take is decided first, by a certificate"]
    if record.state != "done" and not drive_and_show(
        lambda leases, announce: Certifier(database, definition.name, leases, announce),
        study=record.name,
        database=database,
        arguments=arguments,
        lines=lines,
    ):
        return None
    certificate = load_certificate(database, definition)
    if certificate is None:
        raise RuntimeError(f"the certificate of {definition.name} is done, yet trials are missing")
    return choice_record(certificate, rounds)
