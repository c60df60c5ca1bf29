"""Access to the test set: a study evaluates on it here alone, and every evaluation goes to the ledger first."""

from __future__ import annotations

from collections.abc import Callable

from hpo import models
from hpo.storage.database import Database
from hpo.storage.datasets import Located
from hpo.storage.records import record_test_evaluation
from hpo.storage.test_set import load_test_part
from hpo.training.images import StudyData


def open_test_set(
    *,
    database: Database,
    located: Located,
    data: StudyData,
    study: str,
    trial_id: int,
    purpose: str,
) -> Callable[[models.Network], float]:
    """Open the test set for one trial: return what gives the share of its images that a network gets right (0..1).

    The evaluation is written down before the test set is read, so a crash cannot hide one. A run that is trained again,
    because its worker died, is the same look at the same numbers, so it is in the ledger once.
    """
    database.write(
        lambda connection: record_test_evaluation(
            connection, study=study, trial_id=trial_id, purpose=purpose, dataset=located.provenance
        )
    )
    part = load_test_part(located, image_shape=data.image_shape, classes=data.part.classes)
    examples = models.Examples(part.images, part.labels)
    return lambda network: network.evaluate(examples).accuracy
