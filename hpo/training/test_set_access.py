"""The only door to the test set: a study evaluates on it here alone, and every evaluation goes to the ledger first."""

from __future__ import annotations

from hpo.storage.database import Database
from hpo.storage.datasets import Located
from hpo.storage.records import record_test_evaluation
from hpo.storage.test_set import TestExamples, TestPart, load_test
from hpo.training.images import StudyData


def open_test_set(
    *,
    database: Database,
    located: Located | None,
    data: StudyData | None,
    study: str,
    trial_id: int,
    purpose: str,
) -> TestPart | TestExamples | None:
    """Open the test set for one trial and return its examples; None where the trainer has its own.

    The evaluation is written down before the test set is read, so a crash cannot hide one. A run that is trained again,
    because its worker died, is the same look at the same numbers, so it is in the ledger once.
    """
    dataset = "the trainer's own test set" if located is None else located.provenance
    database.write(
        lambda connection: record_test_evaluation(
            connection, study=study, trial_id=trial_id, purpose=purpose, dataset=dataset
        )
    )
    if located is None or data is None:
        return None
    return load_test(located, data.part)
