"""Deleting and renaming a study with all that belongs to it, while nobody works on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from hpo.definition.naming import check_study_name
from hpo.definition.parts import CERTIFICATE_SUFFIX, FINAL_SUFFIX
from hpo.record import parts
from hpo.record.study import coordinator_lease, study_names
from hpo.storage import optuna_studies
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.leases import Leases


@dataclass(frozen=True)
class Belongings:
    """A study, or a part that is left from one, with its parts: the names of the Optuna studies, and their trials."""

    name: str
    final_part: str | None
    certificate: str | None
    trials: int

    @property
    def names(self) -> list[str]:
        """All of them, the study first."""
        return [name for name in (self.name, self.final_part, self.certificate) if name is not None]

    def sentence(self) -> str:
        """Return what there is, for people."""
        also = [text for text, part in (("final part", self.final_part), ("certificate", self.certificate)) if part]
        having = f" with its {' and its '.join(also)}" if also else ""
        return f"{self.name!r}{having}: {self.trials} {'trial' if self.trials == 1 else 'trials'}"


def belongings(database: Database, name: str) -> Belongings:
    """Return what belongs to the study `name`. Raises UserError where there is none, or it is not ours to change."""
    engine = database.engine
    if name not in study_names(database):
        known = ", ".join(parts.whole_studies(database)) or "none"
        raise UserError(f"no study named {name!r} in the database; studies there: {known}")
    keys = optuna_studies.with_attribute(engine, parts.KEY)
    for kind, key in (("final part", parts.FINAL_PART_OF), ("certificate", parts.CERTIFICATE_OF)):
        of = optuna_studies.with_attribute(engine, key).get(name)
        if of is None:
            continue
        if of in study_names(database) and (
            kind == "certificate" or parts.final_part(database, of, keys.get(of)) == name
        ):
            raise UserError(f"{name!r} is the {kind} of {of!r}; name that study")
        return Belongings(name, None, None, optuna_studies.count_trials(engine, [name]))
    if name not in optuna_studies.with_attribute(engine, "definition"):
        raise UserError(f"the study {name!r} was not made by hpo run; it is left to the program that made it")
    final, certificate = parts.final_part(database, name, keys.get(name)), parts.certificate_of(database, name)
    all_of_it = [each for each in (name, final, certificate) if each is not None]
    return Belongings(name, final, certificate, optuna_studies.count_trials(engine, all_of_it))


def delete_study(database: Database, name: str) -> Belongings:
    """Delete the study with its parts, and whatever is known of their trials, in one transaction.

    Raises UserError where somebody works on it. What the ledger says of the test set stays.
    """
    found = belongings(database, name)
    with _alone(database, found, "deleted"):
        optuna_studies.delete(database.engine, found.names, [coordinator_lease(each) for each in found.names])
    return found


def rename_study(database: Database, name: str, new: str) -> Belongings:
    """Rename the study with its parts, in one transaction. Raises UserError where the name is taken, or it runs."""
    found = belongings(database, name)
    check_study_name(new)
    if new in study_names(database):
        raise UserError(f"the name {new!r} is taken; choose another one")
    renamed, attributes = {name: new}, dict[str, Mapping[str, str]]()
    for part, suffix, key in (
        (found.final_part, FINAL_SUFFIX, parts.FINAL_PART_OF),
        (found.certificate, CERTIFICATE_SUFFIX, parts.CERTIFICATE_OF),
    ):
        if part is not None:
            renamed[part] = parts.free_name(database, new + suffix)
            attributes[renamed[part]] = {key: new}
    with _alone(database, found, "renamed"):
        optuna_studies.rename(database.engine, renamed, attributes)
    return found


@contextmanager
def _alone(database: Database, found: Belongings, done: str) -> Iterator[None]:
    """Hold the leases of those who would lead the study, so that nobody begins; refuse where somebody is at it."""
    leases = Leases(database.engine)
    names = [coordinator_lease(each) for each in found.names]
    try:
        free = all(leases.acquire(name) for name in names)
        trained = any(
            leases.is_taken(f"trial/{number}") for number in optuna_studies.running(database.engine, found.names)
        )
        if not free or trained:
            raise UserError(f"{found.name!r} is running; it can be {done} once it has been stopped (Ctrl-C)")
        yield
    finally:
        for name in names:
            leases.release(name)
