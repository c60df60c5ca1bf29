"""Which kind of trainer the tables of a study file declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hpo.definition.trainers.base import TrainerSettings
from hpo.definition.trainers.estimators import read_estimator
from hpo.definition.trainers.functions import read_function
from hpo.definition.trainers.networks import read_networks
from hpo.definition.trainers.programs import read_program
from hpo.models.bounds import shown
from hpo.storage.errors import UserError

Read = Callable[[Mapping[str, Any]], TrainerSettings]

KINDS: dict[str, Read] = {
    "call": read_function,
    "command": read_program,
    "estimator": read_estimator,
    "steps": read_estimator,
}
"""How [trainer] is read, by the key that tells its kind."""


def read_trainer(tables: Mapping[str, Any]) -> TrainerSettings:
    """Return the trainer that [trainer], or [model] and [training], declare. Raises UserError for mistakes in them."""
    if "trainer" not in tables:
        if "model" not in tables:
            raise UserError(
                "the table [model] is missing, which declares one of our networks; or give [trainer], to tune your own "
                f"training, with one of {', '.join(KINDS)}"
            )
        return read_networks(tables)
    table = tables["trainer"]
    for key in ("model", "training"):
        if key in tables:
            raise UserError(f"[{key}] is for the networks that come along, and [trainer] for your own: remove one")
    if not isinstance(table, Mapping):
        raise UserError(f"trainer = {shown(table)}; expected a table with one of {', '.join(KINDS)}")
    given = [key for key in KINDS if key in table]
    if len(given) != 1:
        what = "none of them is" if not given else f"{' and '.join(given)} are"
        raise UserError(f"[trainer] takes one of {', '.join(KINDS)}, which says what trains; {what} there")
    return KINDS[given[0]](table)
