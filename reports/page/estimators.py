"""The code of an estimator with the recommended values, to be copied."""

from __future__ import annotations

from hpo.definition.trainers.estimator_code import estimator_code
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.proof.recommended import Recommended
from hpo.record.results import StudyResults
from hpo.reports.page.blocks import Block, Code, Folded


def estimator_blocks(results: StudyResults, found: Recommended) -> list[Block]:
    """Return the code that makes the recommended estimator; nothing where no estimator was trained."""
    trainer = results.definition.trainer
    if not isinstance(trainer, EstimatorTrainer) or found.config is None:
        return []
    code = estimator_code(trainer, results.definition.space.whole(found.config), found.epochs)
    return [Folded("The estimator with these values", [Code("In Python", code)])]
