"""A study that somebody else made with Optuna, read as it lies in their database: nothing is written there, ever.

`hpo.storage.database` opens databases that are ours, or are to become ours; this one needs no table of ours.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from optuna.exceptions import StorageInternalError
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from hpo.storage.database import database_errors
from hpo.storage.engines import SQLITE_TIMEOUT, options_of, set_up
from hpo.storage.errors import NoDatabaseError, UserError
from hpo.storage.forgiving import DAMAGED, ForgivingStorage
from hpo.storage.patience import reason_of
from hpo.storage.urls import database_url, shown

LISTED = 10


@dataclass(frozen=True)
class ForeignStudy:
    """An Optuna study: its directions, one for each objective, and its trials in the order of their numbers."""

    name: str
    directions: Sequence[StudyDirection]
    trials: Sequence[FrozenTrial]


def read_study(url: str, name: str | None) -> ForeignStudy:
    """Return the study `name` of the database at `url`; without a name the only one there.

    Raises UserError where the database can't be read, holds no study of Optuna's, or none of this name.
    """
    url = database_url(url)
    _require_file(url)
    with database_errors(url):
        try:
            with _opened(url) as storage:
                return _read(storage, url, name)
        except DAMAGED as error:
            raise UserError(
                f"study {name or 'without a name'!r} in {shown(url)} can't be read: "
                f"{' '.join(str(error).split())[:200]}; it was damaged, or written by another version of Optuna"
            ) from error
        except (sa.exc.SQLAlchemyError, StorageInternalError) as error:
            _explain(url, error)
            raise


def _read(storage: ForgivingStorage, url: str, name: str | None) -> ForeignStudy:
    chosen = _chosen(url, [study.study_name for study in storage.get_all_studies()], name)
    number = storage.get_study_id_from_name(chosen)
    return ForeignStudy(chosen, storage.get_study_directions(number), storage.get_all_trials(number, deepcopy=False))


@contextlib.contextmanager
def _opened(url: str) -> Iterator[ForgivingStorage]:
    options = options_of(sa.make_url(url), read_only=True, timeout=SQLITE_TIMEOUT)
    storage = ForgivingStorage(url, engine_kwargs=options, skip_compatibility_check=True, skip_table_creation=True)
    try:
        set_up(storage.engine, read_only=True, always_writes=False)
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _require_file(url: str) -> None:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database.startswith("file:"):
        return
    if not Path(parsed.database).exists():
        raise NoDatabaseError(f"there is no database {parsed.database}; name the one to audit with --storage")


def _chosen(url: str, names: Sequence[str], name: str | None) -> str:
    known = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
    if not names:
        raise UserError(f"{shown(url)} holds no Optuna study")
    if name is None:
        if len(names) > 1:
            raise UserError(f"which study? Name one with --study; studies there: {known}")
        return names[0]
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise UserError(f"no study named {name!r} in {shown(url)}{meant}; studies there: {known}")
    return name


def _explain(url: str, error: BaseException) -> None:
    """Raise UserError where Optuna's tables are not there, or not as this version of Optuna has them."""
    reason = reason_of(error)
    if any(sign in reason for sign in ("no such table", "does not exist")):
        raise UserError(f"{shown(url)} holds no Optuna study: it has none of Optuna's tables") from error
    if "no such column" in reason:
        raise UserError(
            f"{shown(url)} was written by an older Optuna, whose tables this one can't read; make a copy, run "
            "`optuna storage upgrade --storage` with its URL, and audit the copy"
        ) from error
