"""`samples = "auto"` in a round: a number of images that a certificate chooses before the search begins.

A StudyDefinition has numbers only: what is "auto" in a study file's tables is replaced before the tables are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpo.certificate.plan import same_updates
from hpo.certificate.ranking import Certificate, Size
from hpo.storage.errors import UserError

AUTO = "auto"
SAMPLES = 500
"""What an "auto" stands for until it is chosen: the first size of the certificate's ladder.

The `epochs` of the round are those for this many images; another number gets fewer or more, for as many updates.
"""


def auto_rounds(tables: Mapping[str, Any]) -> list[int]:
    """Return which rounds (from 0) of a study file's `tables` leave their samples to a certificate."""
    rounds = tables.get("rounds")
    tables_of_rounds = enumerate(rounds if isinstance(rounds, list) else [])
    return [i for i, each in tables_of_rounds if isinstance(each, Mapping) and each.get("samples") == AUTO]


def with_samples(tables: Mapping[str, Any], samples: int = SAMPLES) -> dict[str, Any]:
    """Return `tables` with `samples` images in every "auto" round, and epochs for as many updates as were declared.

    Raises UserError where such a round's epochs are no number of epochs.
    """
    rounds = [dict(each) if isinstance(each, Mapping) else each for each in tables["rounds"]]
    for i in auto_rounds(tables):
        epochs = rounds[i].get("epochs")
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise UserError(f'rounds.{i}: samples = "{AUTO}" takes epochs, those for {SAMPLES} images: at least 1')
        chosen = same_updates(Size(SAMPLES, epochs), samples)
        rounds[i] |= {"samples": chosen.samples, "epochs": chosen.epochs}
    return {**tables, "rounds": rounds}


def choice_record(certificate: Certificate, rounds: Sequence[int]) -> dict[str, Any]:
    """Return what a study's record keeps of the choice, JSON-able."""
    return {
        "rounds": list(rounds),
        "samples": certificate.chosen.samples,
        "passed": certificate.smallest is not None,
        "of": [each.size.samples for each in certificate.sizes] + [certificate.reference.samples],
    }
