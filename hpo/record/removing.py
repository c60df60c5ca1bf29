"""Deleting and renaming a study with all that belongs to it, while nobody works on it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from hpo.definition.naming import check_study_name
from hpo.definition.parts import CERTIFICATE_SUFFIX, FINAL_SUFFIX
from hpo.record.names import whole_studies
from hpo.record.study import FINAL_PART_OF, StudyRecord
from hpo.storage import optuna_studies, studies
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.queue import deaths, leads
from hpo.storage.studies import FINAL, SEARCH, StudyRow


@dataclass(frozen=True)
class Belongings:
    """A study, or a certificate whose study is gone, with its certificate, and how many trials they have."""

    study: StudyRow
    certificate: StudyRow | None
    trials: int

    @property
    def rows(self) -> list[StudyRow]:
        """Both, the study first."""
        return [self.study, *([self.certificate] if self.certificate is not None else [])]

    def sentence(self) -> str:
        """Return what there is, for people."""
        having = " with its certificate" if self.certificate is not None else ""
        return f"{self.study.name!r}{having}: {self.trials} {'trial' if self.trials == 1 else 'trials'}"


def belongings(database: Database, name: str) -> Belongings:
    """Return what belongs to the study `name`. Raises UserError where there is none, or it is not ours to change."""
    found = database.read(lambda connection: _belongings(connection, name))
    if found is None:
        if name in whole_studies(database):
            raise UserError(f"the study {name!r} was not made by hpo run; it is left to the program that made it")
        StudyRecord(database, name)  # which says whose part it is, or that it is not there
        raise UserError(f"no study named {name!r} in the database")
    return found


def _belongings(connection: sa.Connection, name: str) -> Belongings | None:
    row = studies.named(connection, name)
    if row is None:
        return None
    if row.certificate_of is not None and studies.named(connection, row.certificate_of) is not None:
        raise UserError(f"{name!r} is the certificate of {row.certificate_of!r}; name that study")
    certificate = None if row.certificate_of is not None else studies.certificate_of(connection, name)
    trials = sum(studies.count_trials(connection, each) for each in (row, certificate) if each is not None)
    return Belongings(row, certificate, trials)


def delete_study(database: Database, name: str) -> Belongings:
    """Delete the study with its certificate, and whatever is known of their trials, in one transaction.

    Raises UserError where somebody works on it. What the ledger says of the test set stays.
    """
    belongings(database, name)

    def delete(connection: sa.Connection) -> Belongings:
        found = _alone(connection, name, "deleted")
        for row in found.rows:
            studies.delete(connection, row)
        return found

    return database.write(delete)


def rename_study(database: Database, name: str, new: str) -> Belongings:
    """Rename the study with its certificate and what shows them, in one transaction.

    Raises UserError where the name is taken, or somebody works on it.
    """
    belongings(database, name)
    check_study_name(new)

    def rename(connection: sa.Connection) -> Belongings:
        found = _alone(connection, name, "renamed")
        if studies.named(connection, new) is not None or optuna_studies.named(connection, new) is not None:
            raise UserError(f"the name {new!r} is taken; choose another one")
        study, certificate = found.study, found.certificate
        studies.rename(connection, study, new)
        shown = studies.still_shown(connection, study)
        optuna_studies.rename(connection, shown.get(SEARCH), new)
        if FINAL in shown:
            optuna_studies.rename(connection, shown[FINAL], optuna_studies.free_name(connection, new + FINAL_SUFFIX))
            optuna_studies.set_attributes(connection, shown[FINAL], {FINAL_PART_OF: new})
        if certificate is not None:
            its = optuna_studies.free_name(connection, new + CERTIFICATE_SUFFIX)
            studies.rename(connection, certificate, its, certificate_of=new)
            optuna_studies.rename(connection, studies.still_shown(connection, certificate).get(SEARCH), its)
        return found

    return database.write(rename)


def _alone(connection: sa.Connection, name: str, done: str) -> Belongings:
    """Return what belongs to the study `name`, and let nobody begin with it. Raises UserError where somebody has."""
    found = _belongings(connection, name)
    if found is None:
        raise UserError(f"no study named {name!r} in the database; another program removed it meanwhile")
    for row in found.rows:
        leads.hold(connection, row.id)
        if leads.is_led(connection, row.id) or deaths.is_worked_on(connection, row.id):
            raise UserError(f"{name!r} is running; it can be {done} once it has been stopped (Ctrl-C)")
    return found
