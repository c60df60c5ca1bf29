"""The door of the test set: only here may a study open it, and every opening goes to the ledger first."""

from __future__ import annotations

import models
from hpo.study_data import StudyData
from storage.database import Database
from storage.datasets import Located
from storage.records import record_test_opening
from storage.test_set import load_test_part


def test_accuracy(
    network: models.Network,
    *,
    database: Database,
    located: Located,
    data: StudyData,
    study: str,
    trial_id: int,
    purpose: str,
) -> float:
    """Return the share of test images that `network` gets right (0..1), all of them counted.

    The opening is written down before the test set is read, so a crash cannot hide one.
    """
    record_test_opening(database.engine, study=study, trial_id=trial_id, purpose=purpose, dataset=located.provenance)
    part = load_test_part(located, image_shape=data.image_shape, classes=data.part.classes)
    return network.evaluate(models.Examples(part.images, part.labels)).accuracy
