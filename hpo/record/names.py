"""Which names of studies are taken, and by what: a study of ours, what is shown of one, or another program's."""

from __future__ import annotations

import sqlalchemy as sa

from hpo.definition.printable import on_one_line
from hpo.storage import optuna_studies, studies
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.studies import StudyRow


class NotOurStudyError(UserError):
    """The study was made by some other program."""


def require_free_name(connection: sa.Connection, name: str) -> None:
    """Raise UserError where an Optuna study that is not ours to go on with has the name."""
    other = optuna_studies.named(connection, name)
    if other is None:
        return
    role = role_of(studies.shown_by(connection, other), other)
    raise _not_ours(name) if role is None else taken(name, role)


def taken(name: str, role: str | None) -> UserError:
    """Return the error that says by what a name is taken."""
    return UserError(f"the name {name!r} is taken by {role}; give the study another name with --name")


def role_of(row: StudyRow | None, optuna_id: int | None) -> str | None:
    """Return what an Optuna study shows of one of ours, for people."""
    if row is None:
        return None
    if row.certificate_of is not None:
        return f"the certificate of {row.certificate_of!r}"
    return f"the final part of {row.name!r}" if optuna_id == row.final_id else f"what is shown of {row.name!r}"


def absent(database: Database, name: str) -> UserError:
    """Return why there is no study of ours called `name`."""

    def look(connection: sa.Connection) -> tuple[bool, str | None]:
        other = optuna_studies.named(connection, name)
        return other is not None, None if other is None else role_of(studies.shown_by(connection, other), other)

    there, role = database.read(look)
    if role is not None:
        return UserError(f"{name!r} is {role}, and no study of its own; name that study")
    return _not_ours(name) if there else UserError(f"no study named {name!r} in the database; {_known(database)}")


def _not_ours(name: str) -> NotOurStudyError:
    return NotOurStudyError(f"the study {name!r} was not made by hpo run; use another study name or another --storage")


def study_names(database: Database) -> list[str]:
    """Return the names of our studies in the database, without certificates, in the order of the alphabet."""
    rows = database.read(studies.everything)
    return sorted(row.name for row in rows if row.certificate_of is None)


def whole_studies(database: Database) -> list[str]:
    """Return the same with the studies that other programs made with Optuna, which show no part of ours."""

    def look(connection: sa.Connection) -> set[str]:
        rows, names = studies.everything(connection), optuna_studies.names(connection)
        shown = {number for row in rows for number in studies.still_shown(connection, row).values()}
        others = {name for number, name in names.items() if number not in shown}
        return {row.name for row in rows if row.certificate_of is None} | others

    return sorted(database.read(look))


def _known(database: Database) -> str:
    names = whole_studies(database)
    return f"studies there: {', '.join(map(on_one_line, names))}" if names else "it holds no study yet"
