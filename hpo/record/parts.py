"""Which Optuna study belongs to which: a study's final part and its certificate are found by what they say of
themselves, never by their names, which anybody may give to a study of his own.

A study has a key of its own, and its final part names that key. A certificate belongs to whatever study has the name
that it gives and fits (hpo.record.certificate): it may be made before its study.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpo.storage import optuna_studies
from hpo.storage.database import Database

KEY, KEY_OF_THE_STUDY = "key", "key of the study"
FINAL_PART_OF, CERTIFICATE_OF = "final part of", "certificate of"


def final_part(database: Database, study: str, key: str | None) -> str | None:
    """Return the name of the Optuna study that is the final part of `study`, whose key is `key`; None if it is gone.

    Studies of earlier versions have no key: theirs is the one without a key that names the study.
    """
    named = optuna_studies.with_attribute(database.engine, FINAL_PART_OF)
    if key is None:
        keyed = optuna_studies.with_attribute(database.engine, KEY_OF_THE_STUDY)
        return next((part for part, of in named.items() if of == study and part not in keyed), None)
    ours = [part for part in optuna_studies.with_attribute(database.engine, KEY_OF_THE_STUDY, key) if part in named]
    by_name = [part for part in ours if named[part] == study]
    if not by_name and has_twin(database, study, key):
        return None
    return next(iter([*by_name, *ours]), None)


def has_twin(database: Database, study: str, key: str) -> bool:
    """Say whether another study has the same key: one of the two is a copy of the other."""
    return any(name != study for name in optuna_studies.with_attribute(database.engine, KEY, key))


def certificate_of(database: Database, study: str) -> str | None:
    """Return the name of the Optuna study that is the certificate of `study`, or None."""
    return next(iter(optuna_studies.with_attribute(database.engine, CERTIFICATE_OF, study)), None)


def role(attributes: Mapping[str, Any]) -> str | None:
    """Return what an Optuna study with these attributes is, where it is a part of another: for people."""
    kinds = {FINAL_PART_OF: "final part", CERTIFICATE_OF: "certificate"}
    return next((f"the {kind} of {attributes[key]!r}" for key, kind in kinds.items() if key in attributes), None)


def whole_studies(database: Database) -> list[str]:
    """Return the names of all Optuna studies that are no part of another one, whoever made them."""
    parts = {
        name for key in (FINAL_PART_OF, CERTIFICATE_OF) for name in optuna_studies.with_attribute(database.engine, key)
    }
    return [name for name in database.study_names() if name not in parts]


def free_name(database: Database, wanted: str) -> str:
    """Return `wanted`, or where an Optuna study has that name already, one with a number."""
    taken = set(database.study_names())
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (wanted, *numbered) if name not in taken)
