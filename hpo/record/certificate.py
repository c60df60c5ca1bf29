"""What the database knows of a certificate: an Optuna study of its own, with its plan and its trials.

It is whole without the study that it is about, so that a certificate can be made before the search begins, and the
search may then begin with another number of samples.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hpo.certificate.plan import CertificatePlan, certificate, make_plan, scores, smallest_round
from hpo.certificate.ranking import Certificate, Floats, Size
from hpo.definition.parts import CERTIFICATE_SUFFIX
from hpo.definition.rounds import RoundRecord
from hpo.definition.study import StudyDefinition
from hpo.record.differences import differences, other_images
from hpo.record.study import StudyRecord, parts_shown, versions
from hpo.record.trials import trials_of
from hpo.record.untrusted import reading, using
from hpo.storage import optuna_studies, studies
from hpo.storage.database import Database
from hpo.storage.errors import UserError

SAME = ("seed", "data", "model", "training", "trainer", "metric", "space")
"""The tables of a definition, where it has them, that decide what a certificate finds; how rounds are run does not."""


class CertificateRecord(StudyRecord):
    """The record of one study's certificate in one database."""

    def __init__(self, database: Database, study: str) -> None:
        row = database.read(lambda connection: studies.certificate_of(connection, study))
        if row is None:
            raise UserError(f"{study!r} has no certificate in the database")
        super().__init__(database, row.name)

    @classmethod
    def open(
        cls,
        database: Database,
        definition: StudyDefinition,
        rounds: Sequence[RoundRecord],
        data: Mapping[str, Any],
        source: Mapping[str, str],
        **asked: int | None,
    ) -> CertificateRecord:
        """Open the certificate of `definition`, or begin it; `asked` are `configs`, `seeds` and `largest`, or None.

        What was begun goes on as it was planned, wherever the study's box has moved meanwhile. Raises UserError where
        the one that was begun is of another definition or other data, or smaller or larger than what is asked for now.
        """
        made = {name: number for name, number in asked.items() if number is not None}
        opened = cls.whole(database, definition.name)
        if opened is None:
            plan = make_plan(definition, rounds, int(data["pool"]), **made)
            record = {"data": dict(data), "source": dict(source), "versions": versions(), "plan": plan.record()}

            def create(connection: sa.Connection) -> None:
                name = optuna_studies.free_name(connection, definition.name + CERTIFICATE_SUFFIX)
                declared = definition.record()
                studies.create(
                    connection,
                    name,
                    definition=declared,
                    record=record,
                    parts=parts_shown(name, declared, record, definition.name),
                    certificate_of=definition.name,
                )

            with contextlib.suppress(IntegrityError):  # another process made it at the same moment
                database.write(create)
            opened = cls(database, definition.name)
        with using(opened.name):
            opened._refuse_others(definition, source, made)
        return opened

    @classmethod
    def whole(cls, database: Database, study: str) -> CertificateRecord | None:
        """Return the certificate's record; None where there is none."""
        with contextlib.suppress(UserError):
            return cls(database, study)
        return None

    @property
    def plan(self) -> CertificatePlan:
        """What is measured."""
        with reading(self.name):
            return CertificatePlan.read(self._attributes["plan"])

    def fits(self, definition: StudyDefinition) -> bool:
        """Whether what is found holds for `definition`, too."""
        return not self._changes(definition)

    def _changes(self, definition: StudyDefinition) -> list[str]:
        begun = self.definition
        ours, theirs = begun.record(), definition.on_the_data_of(begun).record()
        return differences({key: ours.get(key) for key in SAME}, {key: theirs.get(key) for key in SAME})

    def _refuse_others(self, definition: StudyDefinition, source: Mapping[str, str], asked: Mapping[str, int]) -> None:
        plan = self.plan
        changes = [*self._changes(definition), *other_images(self.source, source)]
        planned = {"configs": len(plan.configs), "seeds": plan.seeds, "largest": plan.sizes[-1].samples}
        changes += [f"{name}: {planned[name]} -> {number}" for name, number in asked.items() if planned[name] != number]
        size = smallest_round(definition)
        if size not in plan.sizes:
            changes.append(f"rounds: {size} is none of {', '.join(map(str, plan.sizes))}")
        if changes:
            listed = "".join(f"\n  {change}" for change in changes)
            raise UserError(
                f"{definition.name} has a certificate in the database already, which differs:{listed}\n"
                "Ways out: undo the change; copy the study file to a new name; or make another certificate in another "
                "database, --storage sqlite:///another.db"
            )


@dataclass(frozen=True, eq=False)
class Findings:
    """A finished certificate with what it was made from; `scores` are (configs, seeds) by size."""

    definition: StudyDefinition
    source: Mapping[str, str]
    plan: CertificatePlan
    scores: Mapping[Size, Floats]
    certificate: Certificate


def load_findings(
    database: Database, definition: StudyDefinition, source: Mapping[str, str] | None = None
) -> Findings | None:
    """Return what was found for `definition`; None where no certificate was made for it, or it is not finished.

    With `source`, where the study's data came from, one that was made on other data is none either.
    """
    record = CertificateRecord.whole(database, definition.name)
    if record is None or not record.fits(definition) or (source is not None and other_images(record.source, source)):
        return None
    trials = trials_of(database, record).search
    metric = definition.metric
    found = certificate(record.plan, trials, definition.seed, metric)
    if found is None:
        return None
    return Findings(definition, record.source, record.plan, scores(record.plan, trials, metric), found)


def load_certificate(
    database: Database, definition: StudyDefinition, source: Mapping[str, str] | None = None
) -> Certificate | None:
    """Return the certificate alone."""
    findings = load_findings(database, definition, source)
    return findings.certificate if findings is not None else None
