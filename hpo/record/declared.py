"""A study as it is declared, where the number of samples may still be "auto", and the definition that it comes to.

"auto" is resolved here and nowhere else: a study that has begun keeps its number, and before that a certificate says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hpo.certificate.auto_samples import SAMPLES, auto_rounds, choice_record, with_samples
from hpo.certificate.ranking import Certificate
from hpo.definition.files import define, load_tables, study_path
from hpo.definition.naming import check_study_name
from hpo.definition.study import StudyDefinition
from hpo.record.study import chosen_samples
from hpo.storage.database import Database

Certify = Callable[[StudyDefinition], Certificate | None]
"""Makes the certificate of a definition whose "auto" rounds have the smallest number; None if it was asked to stop."""


@dataclass(frozen=True)
class Resolved:
    """A definition, and what its record keeps of how its "auto" rounds got their samples; None where it has none."""

    definition: StudyDefinition
    chosen: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class DeclaredStudy:
    """The tables of a study file. `definition` has the smallest number in the place of each "auto"."""

    tables: Mapping[str, Any]
    definition: StudyDefinition
    _define: Callable[[Mapping[str, Any]], StudyDefinition]
    started_from: str | None = None
    """The preset, or the name of the study file."""
    folder: Path | None = None
    """Where the study file lies, and the paths in it begin."""

    @classmethod
    def load(cls, study: str, changes: Sequence[str] = (), seed: int | None = None, *, name: str | None = None) -> Self:
        """Return the study that comes along, or the file, called `study`; `name` is what it is called from now on.

        Raises UserError for whatever is wrong in it.
        """
        tables = load_tables(study, changes, seed)

        def defined(numbers: Mapping[str, Any]) -> StudyDefinition:
            made = define(study, numbers)
            return made if name is None else dataclasses.replace(made, name=check_study_name(name))

        return cls(
            tables,
            defined(with_samples(tables) if auto_rounds(tables) else tables),
            defined,
            Path(study).name,
            study_path(study).parent.resolve(),
        )

    @classmethod
    def of(cls, definition: StudyDefinition) -> Self:
        """Return a study that is defined already."""
        return cls(definition.record(), definition, lambda _: definition)

    def settled(self, settle: Callable[[StudyDefinition], StudyDefinition]) -> Self:
        """Return the study with what `settle` makes of its definition, such as numbers that its data decide."""
        before = self._define
        return dataclasses.replace(
            self, definition=settle(self.definition), _define=lambda numbers: settle(before(numbers))
        )

    @property
    def name(self) -> str:
        """What the study is called."""
        return self.definition.name

    def resolved(self, database: Database, certify: Certify) -> Resolved | None:
        """Return the definition with its numbers; None if the certificate that is to say them was asked to stop."""
        rounds = auto_rounds(self.tables)
        if not rounds:
            return Resolved(self.definition)
        chosen = chosen_samples(database, self.name)
        if chosen is None:
            certificate = certify(self.definition)
            if certificate is None:
                return None
            chosen = choice_record(certificate, rounds)
        return Resolved(self._define(with_samples(self.tables, chosen["samples"])), chosen)

    def as_far_as_known(self, database: Database) -> StudyDefinition:
        """Return the definition with the numbers that the database has, or the smallest ones."""
        if not auto_rounds(self.tables):
            return self.definition
        chosen = chosen_samples(database, self.name)
        return self._define(with_samples(self.tables, SAMPLES if chosen is None else chosen["samples"]))
