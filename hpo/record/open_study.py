"""Open studies of a database to read them only, for reports and notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.definition.printable import on_one_line
from hpo.record.names import study_names
from hpo.record.results import StudyResults, load_results
from hpo.record.study import StudyRecord
from hpo.record.where import default_storage
from hpo.storage.database import Database, database_errors, shown
from hpo.storage.errors import UserError


def open_study(name: str | None = None, storage: str | None = None) -> StudyResults:
    """Return everything that the study `name` has found so far, without writing to the database.

    `storage` is the URL of an SQLite or PostgreSQL database. `name` may be left out where there is one study only.
    Raises UserError where there is no such study, or no such database.
    """
    return open_studies([] if name is None else [name], storage)[0]


def open_studies(names: Sequence[str], storage: str | None = None) -> list[StudyResults]:
    """Return the same of several studies in their order; without names, of the only one there is."""
    url = storage or default_storage()
    with database_errors(url), Database(url, read_only=True) as database:
        return [load_results(database, name) for name in names or _only_one(database)]


def known_studies(database: Database) -> list[str]:
    """Return the names of the studies that this program made in `database`, without their parts."""
    return study_names(database)


def _only_one(database: Database) -> list[str]:
    known = known_studies(database)
    if not known:
        raise UserError(f"{shown(database.url)} holds no study yet; start one: hpo run --study mnist_wd")
    readable = [name for name in known if _can_be_read(database, name)]
    if len(readable) > 1:
        raise UserError(f"which study? Name one with --study; studies there: {', '.join(map(on_one_line, readable))}")
    return readable or known[:1]  # of one that cannot be read it is told why


def _can_be_read(database: Database, name: str) -> bool:
    try:
        return bool(StudyRecord(database, name).definition.name)
    except UserError:
        return False
